package io.qalibre.quant;

/**
 * The grid with the least mean squared error over the histogram, in which clipping and rounding
 * weigh the same. The ends of the range are tried in hundredths of what was seen: both together
 * first, then, for asymmetric grids, one after the other until neither improves.
 */
public record Mse() implements QuantScheme {
  private static final int STEPS = 100;

  /** How often both ends are gone through at most; it is rarely more than twice. */
  private static final int ROUNDS = 8;

  @Override
  public String label() {
    return "mse";
  }

  @Override
  public String toString() {
    return label();
  }

  @Override
  public Encoding grid(Statistics seen, QuantizerSpec spec) {
    Histogram histogram = seen.histogram();
    return histogram == null
        ? Grids.grid(seen.range(), spec)
        : new Search(new SquaredError(new Distribution(histogram), 1), seen.range(), spec).best();
  }

  /** The best grid so far. */
  private static final class Search {
    private final SquaredError error;
    private final Range whole;
    private final QuantizerSpec spec;
    private Encoding best;
    private double least;
    private int min = STEPS;
    private int max = STEPS;

    Search(SquaredError error, Range seen, QuantizerSpec spec) {
      this.error = error;
      this.spec = spec;
      whole = new Range(Math.min(0, seen.min()), Math.max(0, seen.max()));
      best = Grids.grid(whole, spec);
      least = cost(best);
    }

    Encoding best() {
      for (int i = STEPS - 1; i > 0; i--) {
        improve(i, i);
      }
      boolean twoEnds = !spec.symmetry().symmetric() && whole.min() < 0 && whole.max() > 0;
      for (int round = 0; twoEnds && round < ROUNDS && bothEnds(); round++) {}
      return best;
    }

    private boolean bothEnds() {
      double before = least;
      for (int i = STEPS; i >= 0; i--) {
        improve(i, max);
      }
      for (int i = STEPS; i >= 0; i--) {
        improve(min, i);
      }
      return least < before;
    }

    private void improve(int minPart, int maxPart) {
      if (minPart + maxPart == 0) {
        return;
      }
      Range range = new Range(whole.min() * minPart / STEPS, whole.max() * maxPart / STEPS);
      Encoding grid = Grids.grid(range, spec);
      double cost = cost(grid);
      if (cost < least) {
        least = cost;
        best = grid;
        min = minPart;
        max = maxPart;
      }
    }

    private double cost(Encoding grid) {
      return error.of((float) grid.scale(), grid.offset(), grid.steps());
    }
  }
}
