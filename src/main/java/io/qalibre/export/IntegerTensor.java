package io.qalibre.export;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A constant as the codes of its grids, with what ONNX's DequantizeLinear needs beside.
 *
 * @param codes the codes, in the shape of the constant
 * @param scale one scale, or one a channel
 * @param zeroPoint as many zero points, of the codes' type
 */
record IntegerTensor(Tensor codes, Tensor scale, Tensor zeroPoint) {

  /**
   * The codes of an 8-bit parameter: int8 with zero point 0 where every grid has zero in the
   * middle, uint8 otherwise.
   */
  static IntegerTensor parameter(Tensor value, TensorEncoding encoding) {
    boolean signed = encoding.grids().stream().allMatch(IntegerTensor::fitsSigned);
    return of(value, encoding, signed ? DataType.INT8 : DataType.UINT8);
  }

  /** The codes of an 8-bit constant that is an operator's data, uint8 as all activations. */
  static IntegerTensor activation(Tensor value, TensorEncoding encoding) {
    return of(value, encoding, DataType.UINT8);
  }

  private static IntegerTensor of(Tensor value, TensorEncoding encoding, DataType type) {
    float[] values = value.floats();
    long[] shape = value.sizes();
    int count = encoding.grids().size();
    int inner = encoding.perChannel() ? inner(shape, encoding.axis()) : Math.max(1, values.length);
    byte[] codes = new byte[values.length];
    for (int i = 0; i < codes.length; i++) {
      Encoding grid = encoding.grids().get((i / inner) % count);
      long code = grid.quantize(values[i]);
      codes[i] = (byte) (type == DataType.INT8 ? code + grid.offset() : code);
    }
    return new IntegerTensor(
        Tensor.of(type, ByteBuffer.wrap(codes), shape),
        scales(encoding),
        zeroPoints(encoding, type));
  }

  /** The float32 scales of an encoding: a scalar, or one a channel. */
  static Tensor scales(TensorEncoding encoding) {
    float[] scales = new float[encoding.grids().size()];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = (float) encoding.grids().get(i).scale();
    }
    return Tensor.of(scales, channels(encoding));
  }

  /** The zero points of an encoding: a scalar, or one a channel; 0 for signed codes. */
  static Tensor zeroPoints(TensorEncoding encoding, DataType type) {
    byte[] zeros = new byte[encoding.grids().size()];
    for (int i = 0; i < zeros.length && type == DataType.UINT8; i++) {
      zeros[i] = (byte) encoding.grids().get(i).zeroPoint();
    }
    return Tensor.of(type, ByteBuffer.wrap(zeros), channels(encoding));
  }

  private static long[] channels(TensorEncoding encoding) {
    return encoding.perChannel() ? new long[] {encoding.grids().size()} : new long[0];
  }

  private static boolean fitsSigned(Encoding grid) {
    return grid.offset() >= Byte.MIN_VALUE && grid.offset() + grid.steps() <= Byte.MAX_VALUE;
  }

  private static int inner(long[] shape, int axis) {
    return Math.toIntExact(Arrays.stream(shape).skip(axis + 1L).reduce(1, Math::multiplyExact));
  }
}
