package io.qalibre.config;

import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.Rounding;
import java.util.ArrayList;
import java.util.List;

/**
 * What a user decides beside the config.
 *
 * @param parameters the codes and ranges of parameters
 * @param activations the codes and ranges of activations
 * @param rounding how all codes are rounded
 * @param edits changes to single quantizers, in order; a later one wins
 */
public record PlacementOptions(
    Tensors parameters, Tensors activations, Rounding rounding, List<QuantizerEdit> edits) {
  /** Eight bits everywhere, ranges from the smallest and largest value, half to even, no edits. */
  public static final PlacementOptions DEFAULT =
      new PlacementOptions(
          new Tensors(8, QuantScheme.MIN_MAX),
          new Tensors(8, QuantScheme.MIN_MAX),
          Rounding.HALF_EVEN,
          List.of());

  /**
   * Checks the bitwidths and copies the edits.
   *
   * @throws io.qalibre.errors.QalibreException if a bitwidth is not 2 to 16 or 32
   */
  public PlacementOptions {
    QuantizerEdit.requireBits("the bitwidth of weights", parameters.bits);
    QuantizerEdit.requireBits("the bitwidth of activations", activations.bits);
    edits = List.copyOf(edits);
  }

  /**
   * Codes and ranges.
   *
   * @param bits bits of a code: 2 to 16 or 32
   * @param scheme how ranges are found
   */
  public record Tensors(int bits, QuantScheme scheme) {}

  /** The same with another bitwidth of parameters. */
  public PlacementOptions withParameterBits(int bits) {
    return new PlacementOptions(new Tensors(bits, parameters.scheme), activations, rounding, edits);
  }

  /** The same with another bitwidth of activations. */
  public PlacementOptions withActivationBits(int bits) {
    return new PlacementOptions(parameters, new Tensors(bits, activations.scheme), rounding, edits);
  }

  /** The same with other schemes. */
  public PlacementOptions withSchemes(QuantScheme ofParameters, QuantScheme ofActivations) {
    return new PlacementOptions(
        new Tensors(parameters.bits, ofParameters),
        new Tensors(activations.bits, ofActivations),
        rounding,
        edits);
  }

  /** The same with another rounding. */
  public PlacementOptions withRounding(Rounding other) {
    return new PlacementOptions(parameters, activations, other, edits);
  }

  /** The same with one more edit after the others. */
  public PlacementOptions with(QuantizerEdit edit) {
    List<QuantizerEdit> more = new ArrayList<>(edits);
    more.add(edit);
    return new PlacementOptions(parameters, activations, rounding, more);
  }
}
