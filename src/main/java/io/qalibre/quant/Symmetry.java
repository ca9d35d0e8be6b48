package io.qalibre.quant;

/** Where a grid's zero lies. */
public enum Symmetry {
  /** The grid reaches from the range's minimum to its maximum; zero is any of its codes. */
  ASYMMETRIC(false, false, false),
  /** Codes −2^(b−1) … 2^(b−1)−1 with zero in the middle. */
  SYMMETRIC(true, false, false),
  /** Symmetric without the most negative code: −(2^(b−1)−1) … 2^(b−1)−1. */
  STRICT(true, true, false),
  /** Symmetric, but a tensor that is never negative uses the codes 0 … 2^b−1. */
  UNSIGNED(true, false, true),
  /** {@link #UNSIGNED} where the tensor is never negative, else {@link #STRICT}. */
  STRICT_UNSIGNED(true, true, true);

  private final boolean symmetric;
  private final boolean strict;
  private final boolean unsignedIfPositive;

  Symmetry(boolean symmetric, boolean strict, boolean unsignedIfPositive) {
    this.symmetric = symmetric;
    this.strict = strict;
    this.unsignedIfPositive = unsignedIfPositive;
  }

  /** Whether zero lies in the middle of the grid. */
  public boolean symmetric() {
    return symmetric;
  }

  /** Whether the most negative code is left out. */
  public boolean strict() {
    return strict;
  }

  /** Whether a tensor that is never negative uses an unsigned grid. */
  public boolean unsignedIfPositive() {
    return unsignedIfPositive;
  }

  /**
   * The symmetry that a config's three switches ask for.
   *
   * @param symmetric {@code is_symmetric}
   * @param strict {@code strict_symmetric}; only of effect on symmetric grids
   * @param unsigned {@code unsigned_symmetric}; only of effect on symmetric grids
   */
  public static Symmetry of(boolean symmetric, boolean strict, boolean unsigned) {
    if (!symmetric) {
      return ASYMMETRIC;
    }
    if (strict) {
      return unsigned ? STRICT_UNSIGNED : STRICT;
    }
    return unsigned ? UNSIGNED : SYMMETRIC;
  }
}
