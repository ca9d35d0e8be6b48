package io.qalibre.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What training programs with ranges that stay are given: for each quantizer with one grid the
 * bounds between which a value's code is on the grid, the scale, and the codes at the ends.
 *
 * <p>A value up to half a step beyond the grid's end still has the code of the end, and a gradient;
 * so bounds lie there, at the last float that rounds to a code of the grid.
 */
final class FixedGrids {
  /** The numbers of a quantizer with one grid: bounds that clip, scale, first and last code. */
  static final int NUMBERS = 5;

  /** The arrays of a quantizer with a grid for each channel: bounds that do not clip, scales. */
  static final int ARRAYS = 3;

  private FixedGrids() {}

  /** The list {@code r} for a program; the first array is on the CPU, where it is read from. */
  static NDList arguments(
      ProgramSource source, Map<String, TensorEncoding> encodings, NDManager manager) {
    List<ProgramSource.Activation> single = source.activations();
    float[] numbers = new float[Math.max(1, NUMBERS * single.size())];
    for (int i = 0; i < single.size(); i++) {
      TensorEncoding encoding = encoding(encodings, single.get(i).quantizer());
      float[] own = numbers(encoding.first(), single.get(i));
      System.arraycopy(own, 0, numbers, NUMBERS * i, NUMBERS);
    }
    NDList list = new NDList(manager.create(numbers).toDevice(Device.cpu(), false));
    for (QuantizerNode node : source.ranges()) {
      List<Encoding> grids = encoding(encodings, node).grids();
      float[][] columns = new float[ARRAYS][grids.size()];
      for (int c = 0; c < grids.size(); c++) {
        columns[0][c] = lowest(grids.get(c));
        columns[1][c] = highest(grids.get(c));
        columns[2][c] = (float) grids.get(c).scale();
      }
      for (float[] column : columns) {
        list.add(manager.create(column));
      }
    }
    return list;
  }

  private static TensorEncoding encoding(
      Map<String, TensorEncoding> encodings, QuantizerNode node) {
    return Objects.requireNonNull(encodings.get(node.id()), node::id);
  }

  /**
   * The clamp of {@code hardtanh}, whose gradient is zero at its bounds, which must be in order.
   */
  private static float[] numbers(Encoding grid, ProgramSource.Activation activation) {
    float low = Math.nextDown(lowest(grid));
    float high = Math.nextUp(highest(grid));
    low = Math.min(Math.max(low, (float) activation.low()), Math.nextDown(high));
    high = Math.max(Math.min(high, (float) activation.high()), Math.nextUp(low));
    return new float[] {low, high, (float) grid.scale(), grid.offset(), last(grid)};
  }

  private static long last(Encoding grid) {
    return grid.offset() + grid.steps();
  }

  /** The smallest float whose code is on the grid. */
  static float lowest(Encoding grid) {
    return -furthest(-grid.offset(), (float) grid.scale());
  }

  /** The largest float whose code is on the grid. */
  static float highest(Encoding grid) {
    return furthest(last(grid), (float) grid.scale());
  }

  /** The largest float that is rounded to a code, half to even, as the program computes it. */
  private static float furthest(long code, float scale) {
    float value = (code + 0.5f) * scale;
    while (Math.rint(value / scale) > code) {
      value = Math.nextDown(value);
    }
    while (Math.rint(Math.nextUp(value) / scale) <= code) {
      value = Math.nextUp(value);
    }
    return value;
  }
}
