package io.qalibre.export;

import io.qalibre.export.EncodingsEntry.Numbers;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Granularity.PerBlock;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns entries into encodings.
 *
 * @param version the file's version, which decides in which order blocks lie
 */
record EntryDecoder(EncodingsVersion version) {
  /**
   * The encoding of a quantizer.
   *
   * @param entry an entry whose division fits {@code granularity}
   * @param granularity how the tensor is divided
   * @param sizes the tensor's sizes
   * @throws IllegalArgumentException if the numbers make no grid
   */
  TensorEncoding decode(
      EncodingsEntry entry, Granularity granularity, long[] sizes, Symmetry symmetry) {
    List<Double> scales = entry.numbers().scales();
    List<Long> offsets = entry.numbers().offsets();
    if (granularity instanceof PerBlock blocks) {
      BlockLayout layout = new BlockLayout(blocks, sizes);
      scales = multiplied(byChannel(scales, layout), entry.numbers(), layout);
      offsets = byChannel(offsets, layout);
    }
    int bits = entry.format().bitwidth();
    List<Encoding> grids = new ArrayList<>(scales.size());
    for (int i = 0; i < scales.size(); i++) {
      boolean strict = symmetry.symmetric() && offsets.get(i) == middle(bits) + 1;
      long steps = (1L << bits) - (strict ? 2 : 1);
      grids.add(Encoding.of(scales.get(i), offsets.get(i), steps, bits, symmetry.symmetric()));
    }
    return new TensorEncoding(granularity, grids);
  }

  private <T> List<T> byChannel(List<T> inFile, BlockLayout layout) {
    return version == EncodingsVersion.V1_0_0 && layout.turned()
        ? inFile
        : layout.byChannel(inFile);
  }

  private static List<Double> multiplied(
      List<Double> multiples, Numbers numbers, BlockLayout layout) {
    int bits = layout.granularity().scaleBits();
    if (bits == 0) {
      return multiples;
    }
    if (numbers.units().size() != layout.channels()) {
      throw new IllegalArgumentException(
          "expected "
              + layout.channels()
              + " floats, one a channel, found "
              + numbers.units().size());
    }
    List<Double> scales = new ArrayList<>(multiples.size());
    for (int i = 0; i < multiples.size(); i++) {
      double multiple = multiples.get(i);
      if (multiple != Math.rint(multiple) || multiple > 1L << bits) {
        throw new IllegalArgumentException(
            "expected whole multiples of 1 to " + (1L << bits) + ", found " + multiple);
      }
      scales.add(numbers.units().get(i / layout.blocks()) * multiple);
    }
    return scales;
  }

  /** Whether a quantizer of some symmetry may have found grids with these offsets. */
  static boolean fits(Symmetry symmetry, List<Long> offsets, int bits) {
    long middle = symmetry.strict() ? middle(bits) + 1 : middle(bits);
    return !symmetry.symmetric()
        || offsets.stream()
            .allMatch(offset -> offset == middle || (offset == 0 && symmetry.unsignedIfPositive()));
  }

  /** The symmetry of which grids with these offsets are, as far as they tell. */
  static Symmetry symmetry(List<Long> offsets, int bits) {
    return Symmetry.of(true, offsets.contains(middle(bits) + 1), offsets.contains(0L));
  }

  private static long middle(int bits) {
    return -(1L << (bits - 1));
  }
}
