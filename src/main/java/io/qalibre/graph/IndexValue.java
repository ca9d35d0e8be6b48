package io.qalibre.graph;

import org.jspecify.annotations.Nullable;

/**
 * An element of a tensor of integers that says sizes or positions, such as what Reshape reads: a
 * number, or a dimension that is not known before there is data.
 *
 * @param value the number; 0 where it is not known
 * @param unknown the dimension that it is the size of, or null where the number is known
 */
public record IndexValue(long value, @Nullable Dim unknown) {
  /** A number. */
  public static IndexValue of(long value) {
    return new IndexValue(value, null);
  }

  /** The size of a dimension. */
  public static IndexValue of(Dim dim) {
    return dim.known() ? of(dim.size()) : new IndexValue(0, dim);
  }

  /** Whether the number is known. */
  public boolean known() {
    return unknown == null;
  }

  /** The dimension of this size; a negative number gives an unknown one. */
  public Dim dim() {
    if (unknown != null) {
      return unknown;
    }
    return value < 0 ? Dim.unknown() : Dim.of(value);
  }
}
