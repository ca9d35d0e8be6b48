package io.qalibre.quant;

/** How a value half-way between two codes is rounded. */
public enum Rounding {
  /** To the even code, as ONNX QuantizeLinear, PyTorch and integer hardware do. */
  HALF_EVEN("half_even"),
  /**
   * To the larger code in the unsigned view, as AIMET's ONNX simulation does; for parity with it.
   */
  HALF_AWAY("half_away");

  private final String label;

  Rounding(String label) {
    this.label = label;
  }

  /** The name used in tables. */
  public String label() {
    return label;
  }
}
