package io.qalibre.graph.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Finds real models, and compares graphs. */
final class GoldenFiles {
  private GoldenFiles() {}

  /** The bytes of the model that is committed with the tests. */
  static byte[] tiny() {
    try (InputStream in = GoldenFiles.class.getResourceAsStream("/golden/tiny.onnx")) {
      assertThat(in).isNotNull();
      return in.readAllBytes();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A file of the shared golden data; the test is skipped where it is absent. */
  static Path shared(String name) {
    String folder = System.getenv().getOrDefault("QALIBRE_SHARED", "../shared");
    Path path = Path.of(folder, "golden", name);
    assumeTrue(Files.exists(path), () -> "skipped: no golden data at " + path);
    return path;
  }

  /** Asserts that two graphs have the same parts, in the same order. */
  static void assertSame(Graph actual, Graph expected) {
    assertThat(actual.name()).isEqualTo(expected.name());
    assertThat(actual.info()).isEqualTo(expected.info());
    assertThat(actual.annotations()).isEqualTo(expected.annotations());
    assertThat(actual.inputs()).isEqualTo(expected.inputs());
    assertThat(actual.outputs()).isEqualTo(expected.outputs());
    assertThat(actual.nodes()).isEqualTo(expected.nodes());
    assertThat(attributeNames(actual)).isEqualTo(attributeNames(expected));
    assertThat(List.copyOf(actual.initializers().entrySet()))
        .isEqualTo(List.copyOf(expected.initializers().entrySet()));
  }

  private static List<List<String>> attributeNames(Graph graph) {
    return graph.operators().stream()
        .map(OperatorNode::attributes)
        .map(Attributes::values)
        .map(Map::keySet)
        .map(List::copyOf)
        .toList();
  }
}
