package io.qalibre.config;

import io.qalibre.quant.QuantScheme;
import java.util.ArrayList;
import java.util.List;

/**
 * What a user decides beside the config.
 *
 * @param parameterBits bits of weights, 2 to 32; biases have 32 unless an edit changes them
 * @param activationBits bits of activations, 2 to 32
 * @param parameterScheme how ranges of parameters are found
 * @param activationScheme how ranges of activations are found
 * @param edits changes to single quantizers, in order; a later one wins
 */
public record PlacementOptions(
    int parameterBits,
    int activationBits,
    QuantScheme parameterScheme,
    QuantScheme activationScheme,
    List<QuantizerEdit> edits) {
  /** Eight bits everywhere, ranges from the smallest and largest value, no edits. */
  public static final PlacementOptions DEFAULT =
      new PlacementOptions(8, 8, QuantScheme.MIN_MAX, QuantScheme.MIN_MAX, List.of());

  /**
   * Checks the bitwidths and copies the edits.
   *
   * @throws io.qalibre.errors.QalibreException if a bitwidth is not 2 to 32
   */
  public PlacementOptions {
    QuantizerEdit.requireBits("the bitwidth of weights", parameterBits);
    QuantizerEdit.requireBits("the bitwidth of activations", activationBits);
    edits = List.copyOf(edits);
  }

  /** The same with another bitwidth of weights. */
  public PlacementOptions withParameterBits(int bits) {
    return new PlacementOptions(bits, activationBits, parameterScheme, activationScheme, edits);
  }

  /** The same with another bitwidth of activations. */
  public PlacementOptions withActivationBits(int bits) {
    return new PlacementOptions(parameterBits, bits, parameterScheme, activationScheme, edits);
  }

  /** The same with other schemes. */
  public PlacementOptions withSchemes(QuantScheme parameters, QuantScheme activations) {
    return new PlacementOptions(parameterBits, activationBits, parameters, activations, edits);
  }

  /** The same with one more edit after the others. */
  public PlacementOptions with(QuantizerEdit edit) {
    List<QuantizerEdit> more = new ArrayList<>(edits);
    more.add(edit);
    return new PlacementOptions(
        parameterBits, activationBits, parameterScheme, activationScheme, more);
  }
}
