package io.qalibre.ptq;

import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Range;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;

/**
 * A weight whose channels were multiplied by factors, on grids that were multiplied as well.
 *
 * <p>A channel keeps its codes; those of a negative factor are mirrored about zero. The most
 * negative code of a symmetric grid has no mirror image. A channel that has it gets the least grid
 * that covers it, or has it end one step short, whichever changes the channel less in the mean
 * square: the first is better for weights that lie anywhere, the second for those that were rounded
 * with care. Where nothing can be mirrored (an unsigned grid), or the scale would fall below {@link
 * Grids#minimumScale}, it is the covering grid.
 *
 * @param weight the weight
 * @param encoding its grids
 * @param changed how many channels have other codes than those kept or mirrored
 */
record ScaledWeight(Tensor weight, TensorEncoding encoding, int changed) {
  /**
   * Scales the grids of a weight.
   *
   * @param before the weight as it was
   * @param encoding its grids, one a channel
   * @param after the weight with its channels multiplied
   * @param factors what they were multiplied by, one a grid
   * @param spec its quantizer
   */
  static ScaledWeight of(
      Tensor before, TensorEncoding encoding, Tensor after, double[] factors, QuantizerSpec spec) {
    long[] shape = before.sizes();
    Rounding rounding = spec.format().rounding();
    Granularity granularity = encoding.granularity();
    List<Channel> channels = new ArrayList<>();
    for (int c = 0; c < factors.length; c++) {
      channels.add(Channel.of(encoding.grids().get(c), factors[c], spec));
    }
    float[] rounded = FakeQuantizer.apply(before.floats(), shape, encoding, rounding);
    float[] values = after.floats();
    for (int i = 0; i < values.length; i++) {
      channels.get(granularity.grid(i, shape)).add(rounded[i], values[i]);
    }
    TensorEncoding scaled =
        new TensorEncoding(granularity, channels.stream().map(Channel::grid).toList());
    float[] found = FakeQuantizer.apply(values, shape, scaled, rounding);
    for (int i = 0; i < values.length; i++) {
      Channel channel = channels.get(granularity.grid(i, shape));
      if (channel.keepsCodes()) {
        float wanted = channel.wanted(rounded[i]);
        values[i] = found[i] == wanted ? values[i] : moved(values[i], wanted, channel, rounding);
      }
    }
    return new ScaledWeight(
        Tensor.of(values, shape), scaled, (int) channels.stream().filter(Channel::changed).count());
  }

  /** A weight half-way between two codes, which rounding of the products took to the other one. */
  private static float moved(float value, float wanted, Channel channel, Rounding rounding) {
    TensorEncoding encoding = TensorEncoding.perTensor(channel.grid());
    float moved = value;
    float[] found;
    do {
      moved = Math.nextAfter(moved, wanted);
      found = FakeQuantizer.apply(new float[] {moved}, new long[] {1}, encoding, rounding);
    } while (moved != wanted && found[0] != wanted);
    return moved;
  }

  /** A channel while its weights are looked at, and the two grids that it may get. */
  private static final class Channel {
    private final Encoding before;
    private final boolean mirrored;
    private final boolean scalable;
    private final Encoding scaled;
    private final Encoding covering;
    private boolean saturates;
    private double scaledError;
    private double coveringError;

    private Channel(Encoding before, boolean mirrored, boolean scalable, List<Encoding> grids) {
      this.before = before;
      this.mirrored = mirrored;
      this.scalable = scalable;
      scaled = grids.get(0);
      covering = grids.get(1);
    }

    static Channel of(Encoding grid, double factor, QuantizerSpec spec) {
      boolean mirrored = factor < 0;
      boolean unsigned = grid.symmetric() && grid.offset() == 0;
      float scale = (float) (grid.scale() * Math.abs(factor));
      boolean scalable = scale >= Grids.minimumScale(grid.bitwidth()) && !(mirrored && unsigned);
      Encoding covering = covering(grid, factor, spec);
      long offset = mirrored && !grid.symmetric() ? -(grid.offset() + grid.steps()) : grid.offset();
      Encoding scaled =
          scalable
              ? Encoding.of(scale, offset, grid.steps(), grid.bitwidth(), grid.symmetric())
              : covering;
      return new Channel(grid, mirrored, scalable, List.of(scaled, covering));
    }

    private static Encoding covering(Encoding grid, double factor, QuantizerSpec spec) {
      double one = factor * grid.min();
      double other = factor * grid.max();
      Range range = new Range(Math.min(one, other), Math.max(one, other));
      return Grids.grid(range, spec).inFloat32();
    }

    /** The weight in whole steps from zero, as it should be. */
    private long level(float rounded) {
      long level = Math.round((double) rounded / (float) before.scale());
      return mirrored ? -level : level;
    }

    /** Looks at a weight, on its grid before and multiplied. */
    void add(float rounded, float multiplied) {
      long level = level(rounded);
      double exact = level * scaled.scale();
      saturates |= level != within(level);
      scaledError += square(exact - wanted(rounded));
      coveringError += square(exact - covering.fakeQuantize(multiplied));
    }

    private static double square(double x) {
      return x * x;
    }

    private long within(long level) {
      return Math.max(scaled.offset(), Math.min(scaled.offset() + scaled.steps(), level));
    }

    /** What a weight should be rounded to on the scaled grid. */
    float wanted(float rounded) {
      return within(level(rounded)) * (float) scaled.scale();
    }

    boolean keepsCodes() {
      return scalable && (!saturates || scaledError <= coveringError);
    }

    boolean changed() {
      return !scalable || saturates;
    }

    Encoding grid() {
      return keepsCodes() ? scaled : covering;
    }
  }
}
