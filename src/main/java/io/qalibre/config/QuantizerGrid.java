package io.qalibre.config;

import io.qalibre.quant.Bounds;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Range;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.Symmetry;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What a quantizer does, while the rules decide about it. Tied quantizers hold the same object, so
 * what a rule says of one holds for all.
 */
final class QuantizerGrid {
  int bitwidth;
  boolean floating;
  boolean symmetric;
  QuantScheme scheme = QuantScheme.MIN_MAX;
  Granularity granularity = Granularity.PER_TENSOR;
  Bounds bounds = Bounds.NONE;

  /** The rule that set the bounds. */
  String constraint = "";

  /** The operators that ask for one grid, where quantizers share this one. */
  final Set<String> ties = new LinkedHashSet<>();

  /**
   * Takes over what another grid asks for, as AIMET merges them: the fewer bits, symmetric if one
   * is, and the range that one has fixed.
   */
  void merge(QuantizerGrid other) {
    bitwidth = Math.min(bitwidth, other.bitwidth);
    symmetric |= other.symmetric;
    if (!bounds.any()) {
      bounds = other.bounds;
      constraint = other.constraint;
    }
    if (symmetric) {
      bounds = aroundZero(bounds);
    }
  }

  /** A range of which one end is fixed stays as it is: the other one is not known yet. */
  private static Bounds aroundZero(Bounds fixed) {
    Range range = fixed.range();
    if (range == null) {
      return fixed;
    }
    double end = Math.max(Math.abs(range.min()), Math.abs(range.max()));
    return Bounds.of(-end, end);
  }

  QuantizerSpec spec(RuntimeConfig.Grids kind, Rounding rounding) {
    return new QuantizerSpec(
        floating ? NumberFormat.FLOAT16 : NumberFormat.integer(bitwidth).withRounding(rounding),
        scheme,
        Symmetry.of(symmetric, kind.strict(), kind.unsigned()),
        granularity,
        bounds);
  }
}
