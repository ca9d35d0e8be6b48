package io.qalibre.testing;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OutputCheck_difference_Test {
  private static final NodeTest TEST = new NodeTest("test", "-", 1e-3, 1e-7, Set.of("Relu"));

  private static TensorProto floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return TensorProto.newBuilder()
        .setDataType(TensorProto.DataType.FLOAT_VALUE)
        .addDims(values.length)
        .setRawData(ByteString.copyFrom(bytes))
        .build();
  }

  private static void assertEqual(TensorProto expected, float... found) {
    assertThat(OutputCheck.difference(TEST, expected, Tensor.of(found, found.length))).isEmpty();
  }

  private static void assertDifferent(TensorProto expected, Tensor found, String message) {
    assertThat(OutputCheck.difference(TEST, expected, found)).contains(message);
  }

  @Test
  void values_may_differ_by_the_tolerances() {
    assertEqual(floats(1, -2, 0), 1.0009f, -2.0019f, 9e-8f);
    assertDifferent(
        floats(1, 0, 3),
        Tensor.of(new float[] {1, 2e-7f, 3.1f}, 3),
        "2 of 3 values differ, the first at index 1: expected 0.00000, found 2.00000e-07");
  }

  @Test
  void what_is_not_finite_has_to_be_the_same() {
    float infinity = Float.POSITIVE_INFINITY;
    assertEqual(floats(Float.NaN, infinity), Float.NaN, infinity);
    for (float[] pair :
        List.of(
            new float[] {infinity, 1},
            new float[] {1, infinity},
            new float[] {infinity, -infinity},
            new float[] {Float.NaN, 0},
            new float[] {0, Float.NaN})) {
      assertThat(OutputCheck.difference(TEST, floats(pair[0]), Tensor.of(new float[] {pair[1]}, 1)))
          .isPresent();
    }
  }

  @Test
  void type_and_shape_have_to_be_the_same() {
    assertDifferent(floats(1), Tensor.of(new int[] {1}, 1), "expected FLOAT, found INT32");
    assertDifferent(
        floats(1), Tensor.of(new float[] {1}, 1, 1), "expected shape [1], found [1, 1]");
    assertDifferent(floats(1), null, "there is none");
  }
}
