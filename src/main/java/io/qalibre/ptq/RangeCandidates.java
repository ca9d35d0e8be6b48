package io.qalibre.ptq;

import io.qalibre.graph.Tensor;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Range;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * The encodings that are tried for one weight, and the errors that they make in it.
 *
 * @param layer the layer
 * @param weight its weight
 * @param encodings the candidates, from the smallest range to the whole one
 */
record RangeCandidates(LinearLayer layer, Tensor weight, List<TensorEncoding> encodings) {

  /** The candidates for a weight: 1/n, 2/n … n/n of each channel's range. */
  static RangeCandidates of(LinearLayer layer, Tensor weight, int n) {
    QuantizerSpec spec = Objects.requireNonNull(layer.quantizer()).spec();
    List<Range> ranges = Weights.ranges(layer.weight(), weight, spec.axis());
    return new RangeCandidates(
        layer,
        weight,
        IntStream.rangeClosed(1, n)
            .mapToObj(
                i ->
                    TensorEncoding.ofAxis(
                        spec.axis(), ranges.stream().map(r -> part(r, spec, i, n)).toList()))
            .toList());
  }

  /** The grid of a part of a range, its scale a float32 number as all weights' are. */
  private static Encoding part(Range range, QuantizerSpec spec, int i, int n) {
    Range part = new Range(range.min() * i / n, range.max() * i / n);
    return Grids.grid(part, spec).inFloat32();
  }

  /** The number of output channels of the layer. */
  int channels() {
    return (int) weight.sizes()[axis()];
  }

  private int axis() {
    return OperatorCatalogue.weightAxis(layer.node());
  }

  private int groups() {
    return (int) layer.node().attributes().integer("group", 1);
  }

  /**
   * The errors of the weight under some candidates, as one weight with the channels of all of them:
   * a layer with this weight gives the errors of its output. Within each group of channels one
   * candidate comes after the other.
   *
   * @param from the first candidate
   * @param to the candidate after the last
   */
  Tensor errors(int from, int to) {
    long[] shape = weight.sizes();
    int axis = axis();
    int inner = 1;
    for (int i = axis + 1; i < shape.length; i++) {
      inner *= (int) shape[i];
    }
    // The channels of a group lie side by side: with the first axis as channels, so do groups.
    int outer = axis == 0 ? groups() : weight.size() / inner / (int) shape[axis];
    int block = weight.size() / outer;
    int count = to - from;
    float[] exact = weight.floats();
    float[] errors = new float[exact.length * count];
    for (int k = 0; k < count; k++) {
      float[] rounded =
          FakeQuantizer.apply(
              exact,
              shape,
              encodings.get(from + k),
              Objects.requireNonNull(layer.quantizer()).spec().format().rounding());
      for (int o = 0; o < outer; o++) {
        for (int i = 0; i < block; i++) {
          errors[(o * count + k) * block + i] = rounded[o * block + i] - exact[o * block + i];
        }
      }
    }
    shape[axis] *= count;
    return Tensor.of(errors, shape);
  }

  /**
   * The output channel of the layer and the candidate that a channel of a layer with {@link
   * #errors} is of.
   *
   * @param channel the channel
   * @param count how many candidates the errors are of
   * @return the layer's channel, and the candidate counted from the first of them
   */
  int[] place(int channel, int count) {
    int each = channels() / groups();
    int group = channel / (each * count);
    int within = channel % (each * count);
    return new int[] {group * each + within % each, within / each};
  }

  /**
   * The best encoding.
   *
   * @param losses of each candidate the loss of each output channel
   * @return for each grid the candidate with the smallest loss, the first of equal ones
   */
  int[] best(double[][] losses) {
    boolean whole = !encodings.get(0).perChannel();
    int[] best = new int[whole ? 1 : channels()];
    for (int grid = 0; grid < best.length; grid++) {
      double least = Double.POSITIVE_INFINITY;
      for (int k = 0; k < losses.length; k++) {
        double loss = 0;
        for (int c = whole ? 0 : grid; c < (whole ? channels() : grid + 1); c++) {
          loss += losses[k][c];
        }
        if (loss < least) {
          least = loss;
          best[grid] = k;
        }
      }
    }
    return best;
  }

  /** The encoding that takes for each grid the candidate given. */
  TensorEncoding encoding(int[] chosen) {
    List<Encoding> grids = new ArrayList<>(chosen.length);
    for (int grid = 0; grid < chosen.length; grid++) {
      grids.add(encodings.get(chosen[grid]).grids().get(grid));
    }
    return new TensorEncoding(encodings.get(0).granularity(), grids);
  }
}
