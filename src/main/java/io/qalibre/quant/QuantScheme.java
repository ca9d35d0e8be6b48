package io.qalibre.quant;

/** How a quantizer's range is found from the values it has seen. */
public enum QuantScheme {
  /** The smallest and the largest value seen. */
  MIN_MAX("min_max");

  private final String label;

  QuantScheme(String label) {
    this.label = label;
  }

  /** The name used in tables and files, such as {@code min_max}. */
  public String label() {
    return label;
  }
}
