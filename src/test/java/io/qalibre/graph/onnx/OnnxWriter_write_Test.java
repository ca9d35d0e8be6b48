package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.GoldenFiles.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.google.protobuf.InvalidProtocolBufferException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OnnxWriter_write_Test {
  private static final TensorShape SHAPE =
      TensorShape.of(Dim.symbolic("N"), Dim.of(2), Dim.unknown());

  private final Path folder;

  OnnxWriter_write_Test(@TempDir Path folder) {
    this.folder = folder;
  }

  private static GraphBuilder relu(Attributes attributes) {
    return new GraphBuilder("g")
        .input(new ValueInfo("x", DataType.FLOAT, SHAPE))
        .output(new ValueInfo("y", DataType.FLOAT, SHAPE))
        .node(new OperatorNode("n", "Relu", List.of("x"), List.of("y"), attributes));
  }

  private static Graph everything() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("z", 1L);
    values.put("f", 0.5f);
    values.put("s", "text é");
    values.put("t", Tensor.of(new long[] {1, 2}, 1, 2));
    values.put("is", List.of(1L, -2L));
    values.put("fs", List.of(0.5f));
    values.put("ss", List.of("a", "b"));
    values.put("a", List.of());
    ByteBuffer bytes = ByteBuffer.wrap(new byte[] {0, 1});
    return relu(new Attributes(values))
        .info(new ModelInfo(17, 8, "me", "doc", Map.of("key", "value")))
        .node(
            new OperatorNode(
                "other", "com.microsoft::Gelu", List.of("y", ""), List.of("z"), Attributes.NONE))
        .initializer("float", Tensor.of(new float[] {1, Float.NaN, -0f}, 3))
        .initializer("scalar", Tensor.scalar(1))
        .initializer("empty", Tensor.of(new float[0], 0, 3))
        .initializer("int32", Tensor.of(new int[] {-1}, 1))
        .initializer("int64", Tensor.of(new long[] {Long.MIN_VALUE}, 1))
        .initializer("int8", Tensor.of(DataType.INT8, bytes, 2))
        .initializer("uint8", Tensor.of(DataType.UINT8, bytes, 2))
        .initializer("bool", Tensor.of(DataType.BOOL, bytes, 2))
        .build();
  }

  @Test
  void givesAnEqualGraphWhenReadAgain() {
    Path path = folder.resolve("new/g.onnx");
    OnnxWriter.write(everything(), path);
    assertSame(OnnxReader.read(path), everything());
    assertThat(path).hasBinaryContent(OnnxWriter.toBytes(everything()));
  }

  @Test
  void declaresTheDomainsOfItsNodes() throws InvalidProtocolBufferException {
    ModelProto model = ModelProto.parseFrom(OnnxWriter.toBytes(everything()));
    assertThat(model.getOpsetImportList())
        .extracting(set -> set.getDomain() + " " + set.getVersion())
        .containsExactly(" 17", "com.microsoft 1");
    assertThat(model.getGraph().getNode(1).getOpType()).isEqualTo("Gelu");
  }

  @ParameterizedTest
  @CsvSource({"7,3,4", "9,4,4", "13,7,7", "17,7,8", "17,8,8", "17,10,10", "21,8,10", "28,14,14"})
  void writesAFormatVersionThatFitsTheOperatorSet(long opset, long given, long written) {
    Graph graph =
        relu(Attributes.NONE).info(new ModelInfo(opset, given, "p", "", Map.of())).build();
    Graph read = OnnxReader.read("g", OnnxWriter.toBytes(graph));
    assertThat(read.info().irVersion()).isEqualTo(written);
    assertThat(read.info().opset()).isEqualTo(opset);
  }

  @Test
  void replacesAFileAndLeavesNothingElse() throws IOException {
    Path path = Files.writeString(folder.resolve("g.onnx"), "old");
    OnnxWriter.write(everything(), path);
    assertSame(OnnxReader.read(path), everything());
    assertThat(names()).containsExactly("g.onnx");
  }

  @Test
  void leavesTheOldFileWhereWritingFails() throws IOException {
    Path path = Files.writeString(folder.resolve("g.onnx"), "old");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    path,
                    out -> {
                      out.write(new byte[100_000]);
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");
    assertThat(path).hasContent("old");
    assertThat(names()).containsExactly("g.onnx");
  }

  @Test
  void refusesAPlaceThatCannotBeWritten() throws IOException {
    assertThatThrownBy(() -> OnnxWriter.write(everything(), folder))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageContaining("it is a folder");
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> OnnxWriter.write(everything(), file.resolve("g.onnx")))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageStartingWith(file + "/g.onnx: expected a file to write, found ");
  }

  @Test
  void refusesAttributesAFileDoesNotHave() {
    for (Object value : List.of(1, 0.5, List.of(1), List.of(1L, 2f))) {
      Graph graph = relu(Attributes.NONE.with("axis", value)).build();
      assertThatThrownBy(() -> OnnxWriter.toBytes(graph))
          .isInstanceOf(OnnxFormatException.class)
          .hasMessageStartingWith("g: node `n`, attribute `axis`: expected Long, Float")
          .hasMessageEndingWith(value.toString());
    }
  }

  @Test
  void refusesQuantizers() {
    QuantizerSpec spec = QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC);
    QuantizerPlacement placement =
        new QuantizerPlacement(QuantizerPlacement.Kind.ACTIVATION, "Relu", true, "test");
    Graph graph =
        relu(Attributes.NONE)
            .node(new QuantizerNode("q", "y", "y", "y_q", spec, placement))
            .build();
    assertThatThrownBy(() -> OnnxWriter.toBytes(graph))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage(
            "g: graph: expected ONNX operators only, found 1 quantizers, first `quantizer:y_q`");
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(p -> String.valueOf(p.getFileName())).toList();
    }
  }
}
