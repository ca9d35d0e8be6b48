package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.config.SmallGraphs;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.testing.Fuzz;
import org.junit.jupiter.api.BeforeAll;

/**
 * Any bytes as an encodings file of any version, for a network that it has to go with; what has
 * been read has an encoding for each enabled quantizer. See {@link Fuzz}.
 */
class EncodingsReader_fuzz_Test {
  private static final Graph PLACED =
      Placement.place(
          SmallGraphs.network(), RuntimeConfig.builtIn("per_channel"), PlacementOptions.DEFAULT);

  @BeforeAll
  static void followTheReader() {
    Fuzz.follow("io.qalibre.export.*");
  }

  @FuzzTest(maxDuration = Fuzz.DURATION)
  void read(byte[] bytes) {
    for (EncodingsFit fit : EncodingsFit.values()) {
      Fuzz.check(() -> read(bytes, fit));
    }
  }

  private static void read(byte[] bytes, EncodingsFit fit) {
    EncodingsFile file = EncodingsFile.parse("fuzz.encodings", bytes);
    Simulation read = EncodingsReader.read("fuzz.encodings", file, PLACED, fit);
    assertThat(read.graph().quantizers())
        .filteredOn(QuantizerNode::enabled)
        .filteredOn(quantizer -> !quantizer.spec().format().floating())
        .allMatch(quantizer -> read.encodings().containsKey(quantizer.id()));
  }
}
