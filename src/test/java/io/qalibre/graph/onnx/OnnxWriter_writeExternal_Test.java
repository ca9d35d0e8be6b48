package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.GoldenFiles.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxWriter_writeExternal_Test {
  private static final TensorShape SHAPE = TensorShape.of(Dim.symbolic("N"), Dim.of(2));

  private final Path folder;
  private final Path file;

  OnnxWriter_writeExternal_Test(@TempDir Path folder) {
    this.folder = folder;
    file = folder.resolve("g.onnx");
  }

  /** Two weights of 2,000 and 4,800 bytes and a bias of 8. */
  private static Graph graph() {
    return new GraphBuilder("g")
        .input(new ValueInfo("x", DataType.FLOAT, SHAPE))
        .output(new ValueInfo("y", DataType.FLOAT, SHAPE))
        .initializer("first", ramp(2, 250))
        .initializer("bias", Tensor.of(new float[] {0.1f, 0.2f}, 2))
        .initializer("second", ramp(600, 2))
        .node(node("n", List.of("x", "first"), "a"))
        .node(node("m", List.of("a", "second", "bias"), "y"))
        .build();
  }

  private static OperatorNode node(String name, List<String> inputs, String output) {
    return new OperatorNode(name, "Gemm", inputs, List.of(output), Attributes.NONE);
  }

  /** Numbers that float16 holds. */
  private static Tensor ramp(int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = i / 16f - 8;
    }
    return Tensor.of(values, rows, columns);
  }

  private static List<String> entries(TensorProto tensor) {
    return tensor.getExternalDataList().stream().map(StringStringEntryProto::getValue).toList();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(p -> String.valueOf(p.getFileName())).sorted().toList();
    }
  }

  @Test
  void largeWeightsOfALargeModelGoToAFileBesideIt() throws IOException {
    List<Path> written = OnnxWriter.write(graph(), file, WeightStorage.FLOAT, 6000);

    assertThat(written).hasSize(2).startsWith(file).allMatch(Files::exists);

    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
    assertThat(entries(model.getGraph().getInitializer(0)))
        .containsExactly("g.onnx.data", "0", "2000");
    assertThat(model.getGraph().getInitializer(1).getRawData().size()).isEqualTo(8);
    assertThat(entries(model.getGraph().getInitializer(2)))
        .containsExactly("g.onnx.data", "4096", "4800");
    assertThat(folder.resolve("g.onnx.data")).hasSize(4096 + 8192);
    assertThat(names()).containsExactly("g.onnx", "g.onnx.data");
    assertSame(OnnxReader.read(file), graph());
  }

  @Test
  void halvesGoThereAsWell() {
    OnnxWriter.write(graph(), file, WeightStorage.FLOAT16, 3000);

    assertThat(folder.resolve("g.onnx.data")).hasSize(4096);
    assertThat(OnnxReader.read(file).initializers()).isEqualTo(graph().initializers());
  }

  @Test
  void aModelThatFitsStaysOneFile() throws IOException {
    assertThat(OnnxWriter.write(graph(), file, WeightStorage.FLOAT, 6808)).containsExactly(file);

    assertThat(names()).containsExactly("g.onnx");
    assertThat(file).hasBinaryContent(OnnxWriter.toBytes(graph()));
  }

  @Test
  void bothFilesStayAsTheyWereWhereOneCannotBeWritten() throws IOException {
    Files.writeString(folder.resolve("g.onnx.data"), "old");
    Files.createDirectory(file);

    assertThatThrownBy(() -> OnnxWriter.write(graph(), file, WeightStorage.FLOAT, 6000))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageContaining("it is a folder");

    assertThat(folder.resolve("g.onnx.data")).hasContent("old");
    assertThat(names()).containsExactly("g.onnx", "g.onnx.data");
  }

  @Test
  void refusesAModelWhoseSmallWeightsAloneAreTooMuch() {
    assertThatThrownBy(() -> OnnxWriter.write(graph(), file, WeightStorage.FLOAT, 7))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage(
            file + ": initializers: expected at most 7 bytes in the model itself, found 8 bytes");
  }
}
