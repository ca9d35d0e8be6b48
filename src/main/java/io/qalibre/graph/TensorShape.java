package io.qalibre.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The dimensions of a tensor, outermost first.
 *
 * @param dims the dimensions; none for a scalar
 */
public record TensorShape(List<Dim> dims) {
  /** Copies the dimensions. */
  public TensorShape {
    dims = List.copyOf(dims);
  }

  /** A shape of known sizes; −1 makes an unknown one. */
  public static TensorShape of(long... sizes) {
    return new TensorShape(Arrays.stream(sizes).mapToObj(Dim::of).toList());
  }

  /** A shape of the given dimensions. */
  public static TensorShape of(Dim... dims) {
    return new TensorShape(List.of(dims));
  }

  /** The number of dimensions. */
  public int rank() {
    return dims.size();
  }

  /**
   * A dimension.
   *
   * @param axis 0 to rank − 1, or −rank to −1 from the end
   */
  public Dim dim(int axis) {
    return dims.get(axis < 0 ? axis + rank() : axis);
  }

  /** Whether every size is known. */
  public boolean known() {
    return dims.stream().allMatch(Dim::known);
  }

  /** The number of elements, or {@link Dim#UNKNOWN} where a size is unknown. */
  public long elements() {
    return known()
        ? dims.stream().mapToLong(Dim::size).reduce(1, Math::multiplyExact)
        : Dim.UNKNOWN;
  }

  /** The same with another dimension at an axis. */
  public TensorShape with(int axis, Dim dim) {
    List<Dim> changed = new ArrayList<>(dims);
    changed.set(axis < 0 ? axis + rank() : axis, dim);
    return new TensorShape(changed);
  }

  /** The same with every unknown size replaced by {@code size}: one sample's shape, with 1. */
  public TensorShape fix(long size) {
    return new TensorShape(dims.stream().map(d -> d.known() ? d : Dim.of(size)).toList());
  }

  /** The sizes, {@link Dim#UNKNOWN} where unknown. */
  public long[] sizes() {
    return dims.stream().mapToLong(Dim::size).toArray();
  }

  /** Whether data of the given sizes fits: same rank, and same size wherever it is known. */
  public boolean accepts(long[] sizes) {
    if (sizes.length != rank()) {
      return false;
    }
    for (int i = 0; i < sizes.length; i++) {
      if (dims.get(i).known() && dims.get(i).size() != sizes[i]) {
        return false;
      }
    }
    return true;
  }

  /** Such as {@code N×3×32×32}; {@code scalar} without dimensions. */
  @Override
  public String toString() {
    return dims.isEmpty()
        ? "scalar"
        : dims.stream().map(Dim::toString).collect(Collectors.joining("×"));
  }
}
