package io.qalibre.export;

import io.qalibre.quant.Granularity.PerBlock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The order of block scales in files. A {@link io.qalibre.quant.TensorEncoding} has them channel by
 * channel; files have them as the tensor of scales lies in memory, whose axes are the weight's.
 *
 * @param granularity the blocks
 * @param sizes the weight's sizes
 */
record BlockLayout(PerBlock granularity, long[] sizes) {
  /** The sizes of the tensor of scales: channels, blocks, and 1 on all other axes. */
  List<Integer> dims() {
    List<Integer> dims = new ArrayList<>(Collections.nCopies(sizes.length, 1));
    dims.set(granularity.axis(), channels());
    dims.set(granularity.blockAxis(), blocks());
    return dims;
  }

  /** The sizes of the tensor of one number a channel. */
  List<Integer> channelDims() {
    List<Integer> dims = dims();
    dims.set(granularity.blockAxis(), 1);
    return dims;
  }

  int channels() {
    return (int) sizes[granularity.axis()];
  }

  int blocks() {
    return granularity.blocks(sizes);
  }

  /** Values that lie channel by channel in the order of a file of version 0.6.1 or 2.0.0. */
  <T> List<T> inMemory(List<T> byChannel) {
    return channelsFirst() ? byChannel : transposed(byChannel, channels(), blocks());
  }

  /** Undoes {@link #inMemory}. */
  <T> List<T> byChannel(List<T> inMemory) {
    return channelsFirst() ? inMemory : transposed(inMemory, blocks(), channels());
  }

  /** Version 1.0.0 turns matrices, and nothing else, so that channels come first. */
  boolean turned() {
    return sizes.length == 2;
  }

  private boolean channelsFirst() {
    return granularity.axis() < granularity.blockAxis();
  }

  private static <T> List<T> transposed(List<T> values, int rows, int columns) {
    List<T> result = new ArrayList<>(values.size());
    for (int column = 0; column < columns; column++) {
      for (int row = 0; row < rows; row++) {
        result.add(values.get(row * columns + column));
      }
    }
    return result;
  }

  /** Values as lists in lists. */
  static List<?> nest(List<?> values, List<Integer> dims) {
    List<?> nested = values;
    for (int axis = dims.size() - 1; axis > 0; axis--) {
      int size = dims.get(axis);
      List<Object> outer = new ArrayList<>();
      for (int start = 0; start < nested.size(); start += size) {
        outer.add(nested.subList(start, start + size));
      }
      nested = outer;
    }
    return nested;
  }
}
