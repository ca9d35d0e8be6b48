package io.qalibre.config;

import io.qalibre.errors.QalibreException;
import io.qalibre.quant.QuantScheme;

/**
 * A change that a user makes to quantizers after the config's rules.
 *
 * <p>Its pattern names a tensor, a node (its parameters, constants and outputs), an operator type
 * ({@code input} for the network's inputs), one node of a type by its place in the order of
 * execution ({@code Conv[0]} the first, {@code Conv[-1]} the last) or a kind ({@code activation},
 * {@code weight}, {@code bias}); {@code *} stands for any text. What fits in any of these ways is
 * changed. Tied quantizers have one grid, which is changed for all of them; switching one off
 * leaves the others on.
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
   * @param bitwidth 2 to 16 or 32
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

  /** Rounds to half-precision floats instead of codes. */
  record Float16(String pattern) implements QuantizerEdit {
    /** Checks the pattern. */
    public Float16 {
      requirePattern(pattern);
    }

    @Override
    public String toString() {
      return "float16 " + pattern;
    }
  }

  /**
   * Finds ranges in another way.
   *
   * @param pattern what it changes
   * @param scheme how the range is found
   */
  record Scheme(String pattern, QuantScheme scheme) implements QuantizerEdit {
    /** Checks the pattern. */
    public Scheme {
      requirePattern(pattern);
    }

    @Override
    public String toString() {
      return scheme.label() + " " + pattern;
    }
  }

  /** Gives each tensor one grid for all of its channels. */
  record PerTensor(String pattern) implements QuantizerEdit {
    /** Checks the pattern. */
    public PerTensor {
      requirePattern(pattern);
    }

    @Override
    public String toString() {
      return "per tensor " + pattern;
    }
  }

  /**
   * Gives weights of Conv, ConvTranspose, Gemm and MatMul a symmetric grid for each block of input
   * channels within an output channel.
   *
   * @param pattern what it changes; quantizers of other tensors stay as they are
   * @param bitwidth bits of a code: 2 to 16 or 32
   * @param blockSize input channels of a block
   * @param scaleBits 0, or the bits of the whole number that a block's scale is a multiple of its
   *     channel's (low-power blockwise quantization, LPBQ)
   */
  record Blocks(String pattern, int bitwidth, int blockSize, int scaleBits)
      implements QuantizerEdit {
    /** The widest scale of a block. */
    private static final int MOST_SCALE_BITS = 16;

    private static final int MOST_BITS = 32;

    /** Checks pattern, bitwidth and sizes. */
    public Blocks {
      requirePattern(pattern);
      requireBits("the bitwidth of `" + pattern + "`", bitwidth);
      if (blockSize < 1) {
        throw new QalibreException(
            "the block size of `" + pattern + "`: expected 1 or more, found " + blockSize);
      }
      if (scaleBits < 0 || scaleBits > MOST_SCALE_BITS || bitwidth + scaleBits > MOST_BITS) {
        throw new QalibreException(
            "the blocks of `%s`: expected decompressed codes of up to %d bits and at most %d more than the codes, found %d"
                .formatted(pattern, MOST_BITS, MOST_SCALE_BITS, bitwidth + scaleBits));
      }
    }

    @Override
    public String toString() {
      String bits = scaleBits == 0 ? "" + bitwidth : bitwidth + " to " + (bitwidth + scaleBits);
      return "%s bits in blocks of %d %s".formatted(bits, blockSize, pattern);
    }
  }

  private static void requirePattern(String pattern) {
    if (pattern.isBlank()) {
      throw new QalibreException(
          "expected the name of a tensor, node, operator or kind, found an empty pattern");
    }
  }

  /** Throws where a bitwidth is not 2 to 16 or 32. */
  static void requireBits(String what, int bitwidth) {
    if ((bitwidth < 2 || bitwidth > 16) && bitwidth != 32) {
      throw new QalibreException(what + ": expected 2 to 16 or 32 bits, found " + bitwidth);
    }
  }
}
