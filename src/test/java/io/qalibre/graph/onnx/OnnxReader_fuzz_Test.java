package io.qalibre.graph.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ShapeInference;
import io.qalibre.testing.Fuzz;
import org.junit.jupiter.api.BeforeAll;

/**
 * Any bytes as an ONNX file; what has been read can be written and read again. See {@link Fuzz}.
 */
class OnnxReader_fuzz_Test {
  @BeforeAll
  static void followTheReader() {
    Fuzz.follow("io.qalibre.graph.onnx.*");
  }

  @FuzzTest(maxDuration = Fuzz.DURATION)
  void read(byte[] bytes) {
    Fuzz.check(() -> readAndWrite(bytes));
  }

  private static void readAndWrite(byte[] bytes) {
    Graph graph = OnnxReader.read("fuzz.onnx", bytes);
    Graph again = OnnxReader.read("fuzz.onnx", OnnxWriter.toBytes(graph));
    assertThat(again.nodes()).isEqualTo(graph.nodes());
    assertThat(again.initializers()).isEqualTo(graph.initializers());
    assertThat(again.inputs()).isEqualTo(graph.inputs());
    assertThat(again.outputs()).isEqualTo(graph.outputs());
    ShapeInference.infer(graph);
  }
}
