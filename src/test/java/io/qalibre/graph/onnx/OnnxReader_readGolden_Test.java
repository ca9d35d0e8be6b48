package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.GoldenFiles.assertSame;
import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxReader_readGolden_Test {
  private final Path folder;

  OnnxReader_readGolden_Test(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void readsTiny() {
    Graph graph = OnnxReader.read("tiny.onnx", GoldenFiles.tiny());

    assertThat(graph.inputs()).hasToString("[ValueInfo[name=input, type=FLOAT, shape=N×3×16×16]]");
    assertThat(graph.info().opset()).isEqualTo(17);
    assertThat(types(graph)).containsEntry("Conv", 6L).doesNotContainKey("Constant");
    assertThat(graph.operators()).hasSize(30);
    assertThat(graph.initializers()).hasSize(31);
    assertThat(graph.initializer("/Constant_1_output_0")).isEqualTo(Tensor.scalar(6));
    assertThat(graph.operators().get(0).name()).isEqualTo("/c1/Conv");
    assertThat(graph.operators().get(0).inputs()).startsWith("input", "c1.weight");
    assertSame(OnnxReader.read("again", OnnxWriter.toBytes(graph)), graph);
  }

  @Test
  void readsMobileNet() {
    Graph graph = readAndWrite(GoldenFiles.shared("mobilenet_v2.onnx"));
    assertThat(types(graph)).containsEntry("Conv", 52L).containsEntry("BatchNormalization", 52L);
    assertThat(graph.initializers()).hasSize(262 + 70);
  }

  @Test
  void readsAQuantizedMobileNet() {
    Graph graph = readAndWrite(GoldenFiles.shared("mobilenet_v2.pc.min_max.qdq.onnx"));
    assertThat(types(graph)).containsEntry("QuantizeLinear", 101L);
    assertThat(graph.initializers().values().stream().filter(t -> t.type() == DataType.INT8))
        .hasSize(106);
    assertThat(graph.info().properties()).containsEntry("producer", "aimet-onnx 2.42.0");
  }

  @Test
  void readsResNet() throws IOException {
    Path path = folder.resolve("resnet50.onnx");
    try (InputStream in =
        new GZIPInputStream(Files.newInputStream(GoldenFiles.shared("resnet50.onnx.gz")))) {
      Files.copy(in, path);
    }
    assertThat(types(readAndWrite(path))).containsEntry("Conv", 53L).containsEntry("Add", 16L);
  }

  private Graph readAndWrite(Path path) {
    Graph graph = OnnxReader.read(path);
    Path written = folder.resolve("written.onnx");
    OnnxWriter.write(graph, written);
    assertSame(OnnxReader.read(written), graph);
    return graph;
  }

  private static Map<String, Long> types(Graph graph) {
    return graph.operators().stream()
        .collect(Collectors.groupingBy(OperatorNode::type, Collectors.counting()));
  }
}
