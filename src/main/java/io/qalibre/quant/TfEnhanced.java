package io.qalibre.quant;

import java.util.ArrayList;
import java.util.List;

/**
 * The grid with the least squared error over the histogram, in which the error of clipped values
 * weighs three times as much: AIMET's {@code tf_enhanced}, also called SQNR. Candidates and costs
 * follow its float32 arithmetic; the first of equal candidates wins.
 */
public record TfEnhanced() implements QuantScheme {
  private static final double CLIPPING_WEIGHT = 3;
  private static final int ASYMMETRIC_STEPS = 16;
  private static final int SYMMETRIC_STEPS = 100;
  private static final int OFFSETS = 20;

  /** A grid to try. */
  private record Candidate(float delta, long offset) {}

  @Override
  public String label() {
    return "tf_enhanced";
  }

  @Override
  public String toString() {
    return label();
  }

  @Override
  public Encoding grid(Statistics seen, QuantizerSpec spec) {
    Histogram histogram = seen.histogram();
    if (histogram == null) {
      return AllZero.grid(spec.withSymmetry(Symmetry.ASYMMETRIC));
    }
    Distribution distribution = new Distribution(histogram);
    SquaredError error = new SquaredError(distribution, CLIPPING_WEIGHT);
    long codes = (1L << spec.bitwidth()) - 1;
    boolean strict = spec.symmetry().symmetric() && spec.symmetry().strict();
    long steps = strict ? codes - 1 : codes;
    Range range = distribution.range();
    List<Candidate> candidates =
        spec.symmetry().symmetric()
            ? symmetric(range, steps, spec.symmetry().unsignedIfPositive())
            : asymmetric(range, codes);
    Candidate best = candidates.get(0);
    double least = Double.POSITIVE_INFINITY;
    for (Candidate candidate : candidates) {
      double cost = error.of(candidate.delta, candidate.offset, codes);
      if (cost < least) {
        least = cost;
        best = candidate;
      }
    }
    return Encoding.of(
        best.delta, best.offset, steps, spec.bitwidth(), spec.symmetry().symmetric());
  }

  private static List<Candidate> symmetric(Range range, long steps, boolean unsigned) {
    float n = steps;
    boolean positive = unsigned && range.min() == 0;
    float whole = positive ? (float) range.max() / n : (float) (range.absMax() / (n / 2));
    long offset = positive ? 0 : (long) Math.floor(-n / 2);
    List<Candidate> candidates = new ArrayList<>();
    double step = 1.0 / SYMMETRIC_STEPS;
    for (float f = (float) step; f <= 1 + step; f = (float) (f + step)) {
      candidates.add(new Candidate(f * whole, offset));
    }
    return candidates;
  }

  private static List<Candidate> asymmetric(Range range, long codes) {
    float n = codes;
    float delta = (float) ((range.max() - range.min()) / n);
    long offset = Math.round(Math.abs((float) range.min() / delta)) * -1L;
    float min = delta * offset;
    float max = delta * (offset + n);
    List<Candidate> candidates = new ArrayList<>();
    double step = 1.0 / ASYMMETRIC_STEPS;
    for (float f = (float) step; f <= 1 + step; f = (float) (f + step)) {
      for (int i = 0; i <= OFFSETS; i++) {
        float tried = f * delta;
        long shift = (long) (-(double) n + (double) n / OFFSETS * i);
        float low = tried * shift;
        float high = tried * (shift + n);
        if (low < min && high > max) {
          continue;
        }
        low = Math.max(min, low);
        high = Math.min(max, high);
        if (low != high) {
          float own = (float) (((double) high - low) / n);
          candidates.add(new Candidate(own, -Math.round(Math.abs(low / own))));
        }
      }
    }
    candidates.add(new Candidate(delta, offset));
    return candidates;
  }
}
