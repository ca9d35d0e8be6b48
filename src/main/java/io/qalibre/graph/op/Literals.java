package io.qalibre.graph.op;

/** Numbers as TorchScript writes them. */
final class Literals {
  private Literals() {}

  /** A float; infinities and NaN have no digits. */
  static String number(float value) {
    return Float.isFinite(value) ? Float.toString(value) : "float(\"" + word(value) + "\")";
  }

  /** A truth value. */
  static String flag(boolean value) {
    return value ? "True" : "False";
  }

  private static String word(float value) {
    return Float.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
}
