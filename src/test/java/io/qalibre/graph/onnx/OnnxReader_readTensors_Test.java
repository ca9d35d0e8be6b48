package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.Models.attribute;
import static io.qalibre.graph.onnx.Models.floats;
import static io.qalibre.graph.onnx.Models.integer;
import static io.qalibre.graph.onnx.Models.node;
import static io.qalibre.graph.onnx.Models.raw;
import static io.qalibre.graph.onnx.Models.read;
import static io.qalibre.graph.onnx.Models.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class OnnxReader_readTensors_Test {

  private static Tensor initializer(TensorProto.Builder proto) {
    return read(g -> g.addInitializer(proto).addNode(node("Relu", List.of("x"), "y")))
        .initializer("w");
  }

  private static Tensor bytes(io.qalibre.graph.DataType type, int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length);
    for (int value : values) {
      bytes.put((byte) value);
    }
    return Tensor.of(type, bytes.flip(), values.length);
  }

  @Test
  void readsRawData() {
    assertThat(initializer(tensor("w", DataType.FLOAT_VALUE, 2, 1).setRawData(raw(1, -2))))
        .isEqualTo(Tensor.of(new float[] {1, -2}, 2, 1));
    ByteString two = ByteString.copyFrom(new byte[] {(byte) 0xff, 0});
    assertThat(initializer(tensor("w", DataType.INT8_VALUE, 2).setRawData(two)).longs())
        .containsExactly(-1, 0);
    assertThat(initializer(tensor("w", DataType.UINT8_VALUE, 2).setRawData(two)).longs())
        .containsExactly(255, 0);
    assertThat(initializer(tensor("w", DataType.BOOL_VALUE, 2).setRawData(two)).longs())
        .as("any byte but zero is true")
        .containsExactly(1, 0);
  }

  @Test
  void readsScalarsAndEmptyTensors() {
    assertThat(initializer(tensor("w", DataType.FLOAT_VALUE).setRawData(raw(3))))
        .isEqualTo(Tensor.scalar(3));
    assertThat(initializer(tensor("w", DataType.FLOAT_VALUE, 2, 0)))
        .isEqualTo(Tensor.of(new float[0], 2, 0));
    assertThat(initializer(tensor("w", DataType.INT64_VALUE, 0).setRawData(ByteString.EMPTY)))
        .isEqualTo(Tensor.of(new long[0], 0));
  }

  @Test
  void readsTypedFields() {
    assertThat(initializer(tensor("w", DataType.FLOAT_VALUE, 2).addFloatData(1).addFloatData(2)))
        .isEqualTo(Tensor.of(new float[] {1, 2}, 2));
    assertThat(initializer(tensor("w", DataType.INT64_VALUE, 1).addInt64Data(1L << 40)))
        .isEqualTo(Tensor.of(new long[] {1L << 40}, 1));
    assertThat(initializer(tensor("w", DataType.INT32_VALUE, 1).addInt32Data(-7)))
        .isEqualTo(Tensor.of(new int[] {-7}, 1));
    assertThat(initializer(tensor("w", DataType.INT8_VALUE, 1).addInt32Data(-7)))
        .isEqualTo(bytes(io.qalibre.graph.DataType.INT8, -7));
    assertThat(initializer(tensor("w", DataType.UINT8_VALUE, 1).addInt32Data(250)))
        .isEqualTo(bytes(io.qalibre.graph.DataType.UINT8, 250));
    assertThat(initializer(tensor("w", DataType.BOOL_VALUE, 2).addInt32Data(1).addInt32Data(0)))
        .isEqualTo(bytes(io.qalibre.graph.DataType.BOOL, 1, 0));
  }

  @Test
  void widensOtherFloatsToFloat() {
    ByteString half = ByteString.copyFrom(new byte[] {0x00, 0x3e, 0x01, (byte) 0x80});
    assertThat(initializer(tensor("w", DataType.FLOAT16_VALUE, 2).setRawData(half)))
        .isEqualTo(Tensor.of(new float[] {1.5f, -0x1p-24f}, 2));
    assertThat(initializer(tensor("w", DataType.FLOAT16_VALUE, 1).addInt32Data(0xfc00)))
        .isEqualTo(Tensor.of(new float[] {Float.NEGATIVE_INFINITY}, 1));
    assertThat(initializer(tensor("w", DataType.BFLOAT16_VALUE, 1).addInt32Data(0xc040)))
        .isEqualTo(Tensor.of(new float[] {-3}, 1));
    assertThat(initializer(tensor("w", DataType.DOUBLE_VALUE, 1).addDoubleData(0.1)))
        .isEqualTo(Tensor.of(new float[] {0.1f}, 1));
  }

  @Test
  void turnsConstantNodesIntoInitializersNamedLikeTheirOutput() {
    Graph graph =
        read(
            g ->
                g.addNode(
                        node("Constant", List.of(), "c0")
                            .setName("/Constant")
                            .addAttribute(
                                attribute("value", AttributeType.TENSOR).setT(floats("odd", 4))))
                    .addNode(constant("c1", attribute("value_float", AttributeType.FLOAT).setF(2)))
                    .addNode(constant("c2", attribute("value_int", AttributeType.INT).setI(3)))
                    .addNode(constant("c3", attribute("value_ints", AttributeType.INTS).addInts(5)))
                    .addNode(
                        constant(
                            "c4", attribute("value_floats", AttributeType.FLOATS).addFloats(6)))
                    .addNode(node("Add", List.of("x", "c0"), "y")));

    assertThat(graph.operators()).hasSize(1);
    assertThat(graph.initializers().keySet()).containsExactly("c0", "c1", "c2", "c3", "c4");
    assertThat(graph.initializers().values())
        .containsExactly(
            Tensor.of(new float[] {4}, 1),
            Tensor.scalar(2),
            Tensor.of(new long[] {3}),
            Tensor.of(new long[] {5}, 1),
            Tensor.of(new float[] {6}, 1));
  }

  private static ai.onnx.proto.OnnxMl.NodeProto constant(
      String output, ai.onnx.proto.OnnxMl.AttributeProto.Builder value) {
    return node("Constant", List.of(), output).addAttribute(value).build();
  }

  @Test
  void foldsTheCastOfAWeightStoredInHalfPrecision() {
    Graph graph =
        read(
            g ->
                g.addInitializer(tensor("w_f16", DataType.FLOAT16_VALUE, 1).addInt32Data(0x3c00))
                    .addNode(
                        node("Cast", List.of("w_f16"), "w")
                            .addAttribute(integer("to", DataType.FLOAT_VALUE)))
                    .addNode(node("Mul", List.of("x", "w"), "y")));

    assertThat(graph.operators()).extracting("type").containsExactly("Mul");
    assertThat(graph.initializers()).containsOnlyKeys("w");
    assertThat(graph.initializer("w").floats()).containsExactly(1);
  }

  @Test
  void keepsAHalfPrecisionWeightThatIsReadElsewhereToo() {
    Graph graph =
        read(
            g ->
                g.addInitializer(tensor("h", DataType.FLOAT16_VALUE, 1).addInt32Data(0x3c00))
                    .addNode(
                        node("Cast", List.of("h"), "w")
                            .addAttribute(integer("to", DataType.FLOAT_VALUE)))
                    .addNode(node("Mul", List.of("w", "h"), "y")));

    assertThat(graph.initializers()).containsOnlyKeys("h", "w");
  }

  @Test
  void leavesOtherCastsAlone() {
    Graph graph =
        read(
            g ->
                g.addInitializer(tensor("i", DataType.INT64_VALUE, 1).addInt64Data(1))
                    .addNode(
                        node("Cast", List.of("i"), "w")
                            .addAttribute(integer("to", DataType.FLOAT_VALUE)))
                    .addNode(node("Mul", List.of("x", "w"), "y")));

    assertThat(graph.operators()).extracting("type").containsExactly("Cast", "Mul");
  }
}
