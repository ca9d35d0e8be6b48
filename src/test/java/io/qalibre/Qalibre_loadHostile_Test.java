package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import io.qalibre.config.ConfigException;
import io.qalibre.errors.OutOfMemoryException;
import io.qalibre.errors.QalibreException;
import io.qalibre.export.EncodingsFormatException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.testing.Net;
import io.qalibre.testing.WholeWay;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Small files that claim large things. */
class Qalibre_loadHostile_Test {
  private static final long HUGE = 1L << 40;
  private static final int DEEP = 100_000;

  @TempDir private Path folder;

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  /** A model whose weight has other sizes than its data. */
  private static byte[] claiming(long... sizes) throws IOException {
    Graph graph =
        Net.input(2)
            .constant("w", Tensor.of(new float[] {1, 2}, 1, 2))
            .op("y", "Add", List.of("x", "w"))
            .build("y");
    ModelProto.Builder model = ModelProto.parseFrom(OnnxWriter.toBytes(graph)).toBuilder();
    TensorProto.Builder weight = model.getGraphBuilder().getInitializerBuilder(0).clearDims();
    for (long size : sizes) {
      weight.addDims(size);
    }
    return model.build().toByteArray();
  }

  @ParameterizedTest
  @CsvSource({"1099511627776, 1", "1099511627776, 1099511627776", "-1, 2", "0, 1099511627776"})
  void a_weight_of_other_sizes_than_its_data(long rows, long columns) throws IOException {
    Path file = write("claims.onnx", claiming(rows, columns));

    assertThatThrownBy(() -> Qalibre.load(file))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`w`");
  }

  @Test
  void a_constant_that_is_larger_than_memory_is_not_computed_when_a_file_is_read()
      throws IOException {
    Graph graph =
        Net.input(1)
            .constant("sizes", Tensor.of(new long[] {HUGE, HUGE >> 20}, 2))
            .op("ones", "ConstantOfShape", List.of("sizes"))
            .op("most", "ReduceMax", List.of("ones"), "keepdims", 0L)
            .op("y", "Add", List.of("x", "most"))
            .build("y");
    Path file = write("ones.onnx", OnnxWriter.toBytes(graph));

    Network network = Qalibre.load(file);

    assertThatThrownBy(() -> network.run(Map.of("x", Net.data(1, 1, 1))))
        .isInstanceOf(QalibreException.class)
        .isInstanceOf(OutOfMemoryException.class);
  }

  @Test
  void an_input_of_huge_sizes_costs_nothing_until_it_is_given() throws IOException {
    Graph graph = Net.input(2).op("y", "Relu", List.of("x")).build("y");
    ModelProto.Builder model = ModelProto.parseFrom(OnnxWriter.toBytes(graph)).toBuilder();
    TypeProto.Tensor.Builder type =
        model.getGraphBuilder().getInputBuilder(0).getTypeBuilder().getTensorTypeBuilder();
    type.getShapeBuilder().getDimBuilder(0).setDimValue(HUGE);
    type.getShapeBuilder().getDimBuilder(1).setDimValue(HUGE);
    Path file = write("input.onnx", model.build().toByteArray());

    Network network = Qalibre.load(file);

    assertThat(network.summary().rowCount()).isPositive();
    assertThat(network.toString()).isNotBlank();
    assertThatThrownBy(() -> network.run(Map.of("x", Net.data(1, 1, 2))))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("input `x` takes");
  }

  @Test
  void json_that_is_nested_without_end() throws IOException {
    Path lists = write("lists.json", "[".repeat(DEEP));
    Path objects = write("objects.json", "{\"defaults\":".repeat(DEEP));
    QuantizationSimModel sim = WholeWay.network().simulate(QuantConfig.int8());
    for (Path file : List.of(lists, objects)) {
      assertThatThrownBy(() -> QuantConfig.load(file))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("nesting depth");
      assertThatThrownBy(() -> sim.loadEncodings(file))
          .isInstanceOf(EncodingsFormatException.class)
          .hasMessageContaining("nesting depth");
      assertThatThrownBy(() -> Calibration.load(file))
          .isInstanceOf(QalibreException.class)
          .hasMessageContaining("nesting depth");
    }
  }

  @Test
  void files_that_are_too_large_are_not_begun() throws IOException {
    Path file = folder.resolve("large.json");
    try (var sparse = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(3L << 30);
    }
    QuantizationSimModel sim = WholeWay.network().simulate(QuantConfig.int8());

    String size = "holds " + (3L << 30) + " bytes, expected at most";
    assertThatThrownBy(() -> QuantConfig.load(file)).hasMessageContaining(size);
    assertThatThrownBy(() -> sim.loadEncodings(file)).hasMessageContaining(size);
    assertThatThrownBy(() -> Calibration.load(file)).hasMessageContaining(size);
    assertThatThrownBy(() -> OnnxReader.read(file)).hasMessageContaining("at most 2 GiB");
  }
}
