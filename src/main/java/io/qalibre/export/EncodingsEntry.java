package io.qalibre.export;

import io.qalibre.quant.NumberFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An entry of an encodings file.
 *
 * @param path where it stands, such as {@code param_encodings[3]}
 * @param format codes of some bits, or float16
 * @param symmetric whether the grid was made symmetric; null where the version does not say
 * @param division what has a grid of its own
 * @param numbers scales and offsets; empty lists for float16
 */
record EncodingsEntry(
    String path,
    NumberFormat format,
    @Nullable Boolean symmetric,
    Division division,
    Numbers numbers) {

  /**
   * The numbers of an entry in the order of the file.
   *
   * @param scales the scales; for LPBQ the whole multiples
   * @param offsets as many offsets, in the unsigned view
   * @param units for LPBQ what the scales of each channel are multiples of; otherwise empty
   */
  record Numbers(List<Double> scales, List<Long> offsets, List<Double> units) {
    static final Numbers NONE = new Numbers(List.of(), List.of(), List.of());
  }

  /** The entry of a tensor that is rounded to float16. */
  static EncodingsEntry float16(String path) {
    return new EncodingsEntry(path, NumberFormat.FLOAT16, null, Division.whole(), Numbers.NONE);
  }
}
