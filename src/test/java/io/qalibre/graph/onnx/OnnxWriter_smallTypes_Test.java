package io.qalibre.graph.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.HalfFloats;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Net;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Constants of 4-bit integers and of 16-bit floats. */
class OnnxWriter_smallTypes_Test {
  @TempDir Path dir;

  private static Graph graph(Tensor value) {
    return Net.input(4)
        .constant("w", value)
        .op("wide", "Cast", List.of("w"), "to", 1L)
        .op("y", "Mul", List.of("x", "wide"))
        .unchecked("y");
  }

  private static TensorProto written(Graph graph) throws InvalidProtocolBufferException {
    return ModelProto.parseFrom(OnnxWriter.toBytes(graph)).getGraph().getInitializer(0);
  }

  @Test
  void two_integers_of_4_bits_share_a_byte() throws IOException {
    Tensor signed = Tensor.ofIntegers(DataType.INT4, new long[] {-8, 7, -1, 3, 0}, 5);
    Tensor unsigned = Tensor.ofIntegers(DataType.UINT4, new long[] {15, 0, 8, 1}, 2, 2);

    assertThat(written(graph(signed)).getRawData().toByteArray()).containsExactly(0x78, 0x3f, 0x00);
    assertThat(written(graph(unsigned)).getRawData().toByteArray()).containsExactly(0x0f, 0x18);
    for (Tensor value : List.of(signed, unsigned)) {
      Path file = dir.resolve(value.type() + ".onnx");
      OnnxWriter.write(graph(value), file);
      assertThat(OnnxReader.read(file).initializer("w")).isEqualTo(value);
    }
  }

  @Test
  void integers_of_4_bits_are_read_from_protobufs_field_too() throws IOException {
    Tensor value = Tensor.ofIntegers(DataType.INT4, new long[] {-8, 7, -1, 3, 0}, 5);
    ModelProto.Builder model = ModelProto.parseFrom(OnnxWriter.toBytes(graph(value))).toBuilder();
    TensorProto.Builder tensor = model.getGraphBuilder().getInitializerBuilder(0).clearRawData();
    tensor.addInt32Data(0x78).addInt32Data(0x3f).addInt32Data(0x00);
    Path file = dir.resolve("typed.onnx");
    Files.write(file, model.build().toByteArray());

    assertThat(OnnxReader.read(file).initializer("w")).isEqualTo(value);

    tensor.addInt32Data(0);
    Files.write(file, model.build().toByteArray());
    assertThatThrownBy(() -> OnnxReader.read(file))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageContaining("expected 3 elements for INT4 [5], found 4 elements");
  }

  @Test
  void half_floats_take_half_the_bytes_and_are_read_as_floats() throws IOException {
    Tensor value = Tensor.of(new float[] {1.0001f, -70_000, 0.1f, 3e-8f}, 4);
    Tensor halves = HalfFloats.narrowed(value);

    TensorProto written = written(graph(halves));

    assertThat(written.getDataType()).isEqualTo(TensorProto.DataType.FLOAT16_VALUE);
    assertThat(written.getRawData().size()).isEqualTo(8);
    assertThat(halves).hasToString("FLOAT16 4 [1.0, -Infinity, 0.099975586, 5.9604645E-8]");
    Path file = dir.resolve("half.onnx");
    OnnxWriter.write(graph(halves), file);
    assertThat(OnnxReader.read(file).initializer("wide")).isEqualTo(HalfFloats.rounded(value));
  }
}
