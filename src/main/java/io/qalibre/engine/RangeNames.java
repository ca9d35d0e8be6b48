package io.qalibre.engine;

/** How the parameters that hold a quantizer's learned range are named. */
public final class RangeNames {
  private static final String MIN = ".range_min";
  private static final String MAX = ".range_max";

  private RangeNames() {}

  /** The name of the parameter with the minimum. */
  static String min(String quantizer) {
    return quantizer + MIN;
  }

  /** The name of the parameter with the maximum. */
  static String max(String quantizer) {
    return quantizer + MAX;
  }

  /** Whether a parameter's name is that of a learned range. */
  public static boolean isRange(String parameter) {
    return parameter.endsWith(MIN) || parameter.endsWith(MAX);
  }
}
