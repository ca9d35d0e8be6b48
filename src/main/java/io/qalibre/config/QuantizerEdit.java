package io.qalibre.config;

import io.qalibre.errors.QalibreException;

/**
 * A change that a user makes to quantizers after the config's rules.
 *
 * <p>Its pattern names a tensor, a node (its parameters, constants and outputs), an operator type
 * ({@code input} for the network's inputs) or a kind ({@code activation}, {@code weight}, {@code
 * bias}); {@code *} stands for any text. What fits in any of these ways is changed.
 */
public sealed interface QuantizerEdit {
  /** What it changes. */
  String pattern();

  /** Switches quantizers off. */
  record Disable(String pattern) implements QuantizerEdit {
    /** Checks the pattern. */
    public Disable {
      requirePattern(pattern);
    }

    @Override
    public String toString() {
      return "disable " + pattern;
    }
  }

  /**
   * Changes the number of bits of a code.
   *
   * @param pattern what it changes
   * @param bitwidth 2 to 32
   */
  record Bits(String pattern, int bitwidth) implements QuantizerEdit {
    /** Checks pattern and bitwidth. */
    public Bits {
      requirePattern(pattern);
      requireBits("the bitwidth of `" + pattern + "`", bitwidth);
    }

    @Override
    public String toString() {
      return bitwidth + " bits " + pattern;
    }
  }

  /**
   * Makes grids symmetric or asymmetric.
   *
   * @param pattern what it changes
   * @param symmetric whether zero is to lie in the middle of the grid
   */
  record Symmetric(String pattern, boolean symmetric) implements QuantizerEdit {
    /** Checks the pattern. */
    public Symmetric {
      requirePattern(pattern);
    }

    @Override
    public String toString() {
      return (symmetric ? "symmetric " : "asymmetric ") + pattern;
    }
  }

  private static void requirePattern(String pattern) {
    if (pattern.isBlank()) {
      throw new QalibreException(
          "expected the name of a tensor, node, operator or kind, found an empty pattern");
    }
  }

  /** Throws where a bitwidth is not 2 to 32. */
  static void requireBits(String what, int bitwidth) {
    if (bitwidth < 2 || bitwidth > 32) {
      throw new QalibreException(what + ": expected 2 to 32 bits, found " + bitwidth);
    }
  }
}
