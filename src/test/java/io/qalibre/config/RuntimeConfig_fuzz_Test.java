package io.qalibre.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qalibre.graph.Graph;
import io.qalibre.testing.Fuzz;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeAll;

/** Any text as a runtime config; what has been read can place quantizers. See {@link Fuzz}. */
class RuntimeConfig_fuzz_Test {
  private static final Graph NETWORK = SmallGraphs.network();

  @BeforeAll
  static void followTheReader() {
    Fuzz.follow("io.qalibre.config.*");
  }

  @FuzzTest(maxDuration = Fuzz.DURATION)
  void parse(byte[] bytes) {
    Fuzz.check(() -> parseAndPlace(new String(bytes, StandardCharsets.UTF_8)));
  }

  private static void parseAndPlace(String json) {
    RuntimeConfig config = RuntimeConfig.parse("fuzz.json", json);
    Graph placed = Placement.place(NETWORK, config, PlacementOptions.DEFAULT);
    assertThat(placed.operators()).hasSameSizeAs(NETWORK.operators());
  }
}
