package io.qalibre.graph;

/** Element types of tensors, with the numbers ONNX gives them. */
public enum DataType {
  /** 32-bit float. */
  FLOAT(1, 4),
  /** Unsigned 8-bit integer. */
  UINT8(2, 1),
  /** Signed 8-bit integer. */
  INT8(3, 1),
  /** Unsigned 16-bit integer. */
  UINT16(4, 2),
  /** Signed 16-bit integer. */
  INT16(5, 2),
  /** Signed 32-bit integer. */
  INT32(6, 4),
  /** Signed 64-bit integer. */
  INT64(7, 8),
  /** Truth value, stored as 0 or 1 in a byte. */
  BOOL(9, 1),
  /** Unsigned 32-bit integer. */
  UINT32(12, 4),
  /** Unsigned 64-bit integer; values from 2⁶³ on wrap where they are computed with. */
  UINT64(13, 8),
  /** 16-bit float (IEEE 754 binary16); a file's weights are read as FLOAT. */
  FLOAT16(10, 2),
  /** Unsigned 4-bit integer: one a byte in memory, two a byte in files. */
  UINT4(21, 1),
  /** Signed 4-bit integer: one a byte in memory, two a byte in files. */
  INT4(22, 1);

  private final int onnx;
  private final int bytes;

  DataType(int onnx, int bytes) {
    this.onnx = onnx;
    this.bytes = bytes;
  }

  /** The number of this type in ONNX's {@code TensorProto.DataType}. */
  public int onnx() {
    return onnx;
  }

  /** Bytes of an element in memory. */
  public int bytes() {
    return bytes;
  }

  /** Whether only constants are of this type, and no input, output or computed tensor. */
  public boolean storedOnly() {
    return this == FLOAT16 || this == UINT4 || this == INT4;
  }
}
