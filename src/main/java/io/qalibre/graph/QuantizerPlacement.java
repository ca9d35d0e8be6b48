package io.qalibre.graph;

/**
 * Why a quantizer stands where it does.
 *
 * @param kind what its tensor is
 * @param operator the type of the operator that owns the parameter or writes the activation; {@code
 *     input} for a graph's input
 * @param enabled whether it quantizes
 * @param rule the rule that decided, such as {@code supergroups[0] Conv+Relu}
 */
public record QuantizerPlacement(Kind kind, String operator, boolean enabled, String rule) {
  /** What a quantized tensor is. */
  public enum Kind {
    /** The output of an operator, or an input of the graph. */
    ACTIVATION,
    /** A weight. */
    WEIGHT,
    /** A bias. */
    BIAS
  }

  /** The same, switched on or off by another rule. */
  public QuantizerPlacement enabled(boolean on, String because) {
    return new QuantizerPlacement(kind, operator, on, because);
  }
}
