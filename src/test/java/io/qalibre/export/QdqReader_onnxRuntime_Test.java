package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.Runner;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.testing.Net;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that ONNX Runtime's quantizer wrote; {@code src/test/python/qdq_models.py} makes them. */
class QdqReader_onnxRuntime_Test {
  private static final Map<String, Tensor> INPUT = Map.of("input", Net.data(5, 16, 3, 16, 16));

  @TempDir Path dir;

  private static Path file(String name) throws URISyntaxException {
    URL url = Objects.requireNonNull(QdqReader_onnxRuntime_Test.class.getResource(name), name);
    return Path.of(url.toURI());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ort_per_channel.onnx", "ort_dedicated_pairs.onnx"})
  void outputs_are_onnx_runtimes_also_of_the_file_exported_again(String name)
      throws URISyntaxException {
    Simulation simulation = QdqReader.read(file(name)).simulation();
    Path again = dir.resolve("again.onnx");
    OnnxWriter.write(QdqGraph.of(simulation), again);

    float[] found = Runner.run(simulation, INPUT).get("output").floats();

    Encoding grid = simulation.encoding("output").first();
    for (Path path : List.of(file(name), again)) {
      float[] expected;
      try (OrtModel model = OrtModel.open(path, 1)) {
        expected = model.run(INPUT).get("output").floats();
      }
      int different = 0;
      for (int i = 0; i < expected.length; i++) {
        long distance = Math.abs(grid.quantize(found[i]) - grid.quantize(expected[i]));
        assertThat(distance).isLessThanOrEqualTo(1);
        different += (int) distance;
      }
      // The order of float sums flips a code now and then, elsewhere perhaps others than here.
      assertThat(different).isLessThan(expected.length / 50);
    }
  }

  @Test
  void a_network_has_its_float_names() throws URISyntaxException {
    QdqReader.Result result = QdqReader.read(file("ort_per_channel.onnx"));

    Graph network = FloatGraph.of(result.simulation().graph());
    assertThat(result.integerBias()).isTrue();
    assertThat(network.initializers())
        .containsOnlyKeys(
            "a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias", "f.weight", "f.bias");
    assertThat(network.operators())
        .extracting(OperatorNode::type)
        .containsExactly(
            "Conv", "MaxPool", "Conv", "Conv", "Sigmoid", "Mul", "Add", "MaxPool", "Tanh",
            "Flatten", "Gemm");
  }

  @Test
  void pairs_of_one_tensor_are_one_quantizer() throws URISyntaxException {
    Graph graph = QdqReader.read(file("ort_dedicated_pairs.onnx")).simulation().graph();

    assertThat(graph.quantizers()).extracting(QuantizerNode::tensor).doesNotHaveDuplicates();
    assertThat(graph.operators()).extracting(OperatorNode::type).doesNotContain("Identity");
  }
}
