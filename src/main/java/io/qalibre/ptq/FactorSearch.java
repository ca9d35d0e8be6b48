package io.qalibre.ptq;

import io.qalibre.graph.LayerWeight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds the factors of pairs of layers. */
final class FactorSearch {
  private static final int MAX_ROUNDS = 100;
  private static final double CONVERGED = 1e-4;

  private final Map<String, ChannelMatrix> matrices = new HashMap<>();
  private final List<PairState> states = new ArrayList<>();

  /** Starts with factors of 1. */
  FactorSearch(List<LayerPair> pairs) {
    for (LayerPair pair : pairs) {
      read(pair.first());
      read(pair.second());
      states.add(new PairState(pair));
    }
  }

  private void read(LayerWeight layer) {
    matrices.computeIfAbsent(layer.layer().name(), name -> new ChannelMatrix(layer));
  }

  /** Keeps the channels of pairs with a Clip between, of known sizes, from reaching its bound. */
  void limit(OutputRanges ranges) {
    for (PairState state : states) {
      if (state.pair.clipped()) {
        ranges.of(state.pair.first().layer().name()).ifPresent(r -> state.limit(r.high()));
      }
    }
  }

  /** Equalizes all pairs in turn until no factor changes any more; returns how many times. */
  int toConvergence() {
    int rounds = 0;
    double change = states.isEmpty() ? 0 : Double.POSITIVE_INFINITY;
    while (change > CONVERGED && rounds < MAX_ROUNDS) {
      change = 0;
      for (PairState state : states) {
        change = Math.max(change, apply(state, state.limited(pairFactors(state.pair))));
      }
      rounds++;
    }
    return rounds;
  }

  /** Equalizes each set once, in order: pairs by two, triples by three layers' ranges. */
  void once(List<Integer> sizes) {
    int at = 0;
    for (int size : sizes) {
      PairState first = states.get(at);
      if (size == 1) {
        apply(first, pairFactors(first.pair));
      } else {
        applyTriple(first, states.get(at + 1));
      }
      at += size;
    }
  }

  /** The pairs with the factors found, in their order. */
  List<ScaledPair> scaled() {
    return states.stream().map(s -> new ScaledPair(s.pair, s.total)).toList();
  }

  private ChannelMatrix matrix(LayerWeight layer) {
    return Optional.ofNullable(matrices.get(layer.layer().name())).orElseThrow();
  }

  /** s = r₁/√(r₁·r₂), which makes r₁/s and r₂·s equal. */
  private double[] pairFactors(LayerPair pair) {
    double[] r1 = matrix(pair.first()).outputs();
    double[] r2 = inputs(pair);
    double[] s = new double[r1.length];
    Arrays.setAll(s, c -> valid(r1[c] / Math.sqrt(r1[c] * r2[c])));
    return s;
  }

  /** With m = ∛(r₁·r₂·r₃), s₁₂ = r₁/m and s₂₃ = m/r₃, which makes all three ranges m. */
  private void applyTriple(PairState left, PairState right) {
    double[] r1 = matrix(left.pair.first()).outputs();
    double[] r2 = matrix(left.pair.second()).outputs();
    double[] r3 = inputs(right.pair);
    double[] s12 = new double[r1.length];
    double[] s23 = new double[r1.length];
    for (int c = 0; c < r1.length; c++) {
      double mean = Math.cbrt(r1[c] * r2[c] * r3[c]);
      s12[c] = valid(r1[c] / mean);
      s23[c] = valid(mean / r3[c]);
    }
    apply(left, s12);
    apply(right, s23);
  }

  /** A channel without weights on one side has nothing to be equalized with. */
  private static double valid(double factor) {
    return Double.isFinite(factor) && factor > 0 ? factor : 1;
  }

  private double[] inputs(LayerPair pair) {
    double[] each = matrix(pair.second()).inputs();
    double[] largest = new double[pair.first().outputs()];
    for (int i = 0; i < each.length; i++) {
      int channel = i / pair.times();
      largest[channel] = Math.max(largest[channel], each[i]);
    }
    return largest;
  }

  /** Applies factors; returns the largest relative change of a channel. */
  private double apply(PairState state, double[] s) {
    matrix(state.pair.first()).scaleOutputs(Arrays.stream(s).map(f -> 1 / f).toArray());
    matrix(state.pair.second()).scaleInputs(state.pair.repeat(s));
    double change = 0;
    for (int c = 0; c < s.length; c++) {
      state.total[c] *= s[c];
      change = Math.max(change, Math.abs(Math.log(s[c])));
    }
    return change;
  }

  /** A pair and what is known of it so far. */
  private static final class PairState {
    private final LayerPair pair;
    private final double[] total;

    /** How large each channel gets, where it may not reach the bound. */
    private double @Nullable [] high;

    PairState(LayerPair pair) {
      this.pair = pair;
      total = new double[pair.first().outputs()];
      Arrays.fill(total, 1);
    }

    void limit(List<Double> largest) {
      high = largest.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** The factors wanted, but for channels that they would let reach the bound. */
    double[] limited(double[] wanted) {
      if (high == null) {
        return wanted;
      }
      double[] s = new double[wanted.length];
      for (int c = 0; c < s.length; c++) {
        boolean reaches = high[c] >= pair.bound();
        s[c] = reaches ? 1 : Math.max(wanted[c], high[c] / pair.bound());
        // A channel that was raised to the bound is none that reaches it by itself.
        high[c] = reaches ? high[c] : Math.min(high[c] / s[c], Math.nextDown(pair.bound()));
      }
      return s;
    }
  }
}
