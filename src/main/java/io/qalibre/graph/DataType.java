package io.qalibre.graph;

/** Element types of tensors, with the numbers ONNX gives them. */
public enum DataType {
  /** 32-bit float. */
  FLOAT(1, 4),
  /** Unsigned 8-bit integer. */
  UINT8(2, 1),
  /** Signed 8-bit integer. */
  INT8(3, 1),
  /** Signed 32-bit integer. */
  INT32(6, 4),
  /** Signed 64-bit integer. */
  INT64(7, 8),
  /** Truth value, stored as 0 or 1 in a byte. */
  BOOL(9, 1);

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

  /** Bytes of an element. */
  public int bytes() {
    return bytes;
  }
}
