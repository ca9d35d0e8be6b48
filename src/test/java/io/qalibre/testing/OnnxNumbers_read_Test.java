package io.qalibre.testing;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class OnnxNumbers_read_Test {
  private static ByteBuffer shorts(int... bits) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * bits.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : bits) {
      bytes.putShort((short) value);
    }
    return bytes.flip();
  }

  @Test
  void float16_has_subnormals_infinities_and_nan() {
    assertThat(
            OnnxNumbers.read(
                TensorProto.DataType.FLOAT16_VALUE,
                shorts(0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x7e00, 0)))
        .containsExactly(1, -2, 0x1p-24, 65504, Double.NEGATIVE_INFINITY, Double.NaN, 0);
  }

  @Test
  void bfloat16_is_the_upper_half_of_a_float() {
    assertThat(OnnxNumbers.read(TensorProto.DataType.BFLOAT16_VALUE, shorts(0x3f80, 0xc049)))
        .containsExactly(1, -3.140625);
  }

  @Test
  void unsigned_integers_have_no_sign() {
    ByteBuffer ones = ByteBuffer.wrap(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
    assertThat(OnnxNumbers.read(TensorProto.DataType.UINT8_VALUE, ones)).containsOnly(255);
    assertThat(OnnxNumbers.read(TensorProto.DataType.UINT16_VALUE, ones)).containsOnly(65535);
    assertThat(OnnxNumbers.read(TensorProto.DataType.UINT32_VALUE, ones)).containsOnly(0xffffffffL);
    assertThat(OnnxNumbers.read(TensorProto.DataType.UINT64_VALUE, ones)).containsExactly(0x1p64);
    assertThat(OnnxNumbers.read(TensorProto.DataType.INT64_VALUE, ones)).containsExactly(-1);
  }
}
