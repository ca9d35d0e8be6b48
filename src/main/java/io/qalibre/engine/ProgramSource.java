package io.qalibre.engine;

import io.qalibre.graph.QuantizerNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A graph as TorchScript, and what its arguments are.
 *
 * @param code the source of {@code __torch__.py}
 * @param parameters what the list {@code p} holds, in order
 * @param activations the quantizers of activations, in order: what {@code e} holds the grids of
 *     when inferring, and whose statistics come out when observing; when training with ranges that
 *     stay, the quantizers with one grid, whose numbers the first of {@code r} holds
 * @param ranges the quantizers whose two parameters the list {@code r} holds when training; where
 *     ranges stay, those with a grid for each channel, of which {@code r} holds three arrays each
 */
record ProgramSource(
    String code,
    List<Parameter> parameters,
    List<Activation> activations,
    List<QuantizerNode> ranges) {

  /**
   * A constant argument.
   *
   * @param initializer the initializer's name
   * @param quantizer the quantizer to apply to it beforehand, or null
   */
  record Parameter(String initializer, @Nullable QuantizerNode quantizer) {}

  /**
   * An activation's quantizer, with the clamp of the activation function that it absorbs.
   *
   * @param quantizer the quantizer
   * @param low the function's lower bound, −∞ where there is none
   * @param high the function's upper bound, +∞ where there is none
   */
  record Activation(QuantizerNode quantizer, double low, double high) {}
}
