package io.qalibre.graph;

import org.jspecify.annotations.Nullable;

/**
 * One dimension of a shape: a size, a named unknown such as the batch {@code N}, or an unnamed
 * unknown.
 *
 * @param size the size, or {@link #UNKNOWN}
 * @param symbol the name of an unknown size, or null
 */
public record Dim(long size, @Nullable String symbol) {
  /** The {@link #size} of a dimension that is not known before there is data. */
  public static final long UNKNOWN = -1;

  /** Checks the size. */
  public Dim {
    if (size < UNKNOWN || (size >= 0 && symbol != null)) {
      throw new IllegalArgumentException("not a dimension: size " + size + ", symbol " + symbol);
    }
  }

  /** A known size. */
  public static Dim of(long size) {
    return new Dim(size, null);
  }

  /** A named unknown. */
  public static Dim symbolic(String symbol) {
    return new Dim(UNKNOWN, symbol);
  }

  /** An unknown without a name. */
  public static Dim unknown() {
    return new Dim(UNKNOWN, null);
  }

  /** Whether the size is known. */
  public boolean known() {
    return size != UNKNOWN;
  }

  @Override
  public String toString() {
    if (known()) {
      return Long.toString(size);
    }
    return symbol == null ? "?" : symbol;
  }
}
