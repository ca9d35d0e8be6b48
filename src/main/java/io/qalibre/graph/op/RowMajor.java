package io.qalibre.graph.op;

import io.qalibre.graph.IndexValue;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Elements in row-major order, of tensors of sizes whose elements are known before there is data.
 */
final class RowMajor {
  private RowMajor() {}

  /** Whether a shape is known and is that of as many elements. */
  static boolean holds(TensorShape shape, List<IndexValue> elements) {
    return shape.elements() == elements.size();
  }

  /**
   * Where the rows of each axis begin.
   *
   * @param shape a known shape
   * @return for each axis the offset of each of its positions from the first element
   */
  static List<List<Long>> offsets(TensorShape shape) {
    List<List<Long>> offsets = new ArrayList<>();
    long stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; axis--) {
      long step = stride;
      long size = shape.dim(axis).size();
      offsets.add(0, LongStream.range(0, size).mapToObj(i -> i * step).toList());
      stride *= size;
    }
    return offsets;
  }

  /**
   * A tensor made of elements of another.
   *
   * @param elements the elements to take from
   * @param offsets for each axis of the result what each position adds to the place of an element
   */
  static List<IndexValue> pick(List<IndexValue> elements, List<List<Long>> offsets) {
    List<Long> places = List.of(0L);
    for (List<Long> axis : offsets) {
      places =
          places.stream().flatMap(place -> axis.stream().map(offset -> place + offset)).toList();
    }
    return places.stream().map(place -> elements.get(place.intValue())).toList();
  }
}
