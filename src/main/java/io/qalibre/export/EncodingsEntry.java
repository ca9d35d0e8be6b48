package io.qalibre.export;

import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;

/**
 * An entry of an encodings file.
 *
 * @param path where it stands, such as {@code param_encodings[3]}
 * @param bitwidth bits of a code
 * @param symmetric whether the grid was made symmetric
 * @param scales one scale, or one a channel
 * @param offsets as many offsets, in the unsigned view
 */
record EncodingsEntry(
    String path, int bitwidth, boolean symmetric, List<Double> scales, List<Long> offsets) {

  /**
   * The encoding of a quantizer. The file does not say whether a grid is strictly symmetric, nor
   * which axis its channels lie on: the quantizer does.
   *
   * @throws IllegalArgumentException if the numbers make no grid
   */
  TensorEncoding encoding(QuantizerNode node) {
    List<Encoding> channels = new ArrayList<>(scales.size());
    for (int i = 0; i < scales.size(); i++) {
      long offset = offsets.get(i);
      boolean strict = symmetric && offset != 0 && node.spec().symmetry().strict();
      long steps = (1L << bitwidth) - (strict ? 2 : 1);
      channels.add(Encoding.of(scales.get(i), offset, steps, bitwidth, symmetric));
    }
    return TensorEncoding.ofAxis(node.spec().axis(), channels);
  }
}
