package io.qalibre.analysis;

import io.qalibre.errors.QalibreException;

/**
 * The bits of a layer.
 *
 * @param weightBits bits of a weight's code, 2 to 16
 * @param activationBits bits of a code of what the layer reads, 2 to 16
 */
public record Precision(int weightBits, int activationBits) {
  /** Weights of 4 bits, activations of 8. */
  public static final Precision W4A8 = new Precision(4, 8);

  /** Weights and activations of 8 bits. */
  public static final Precision W8A8 = new Precision(8, 8);

  /** Weights of 8 bits, activations of 16. */
  public static final Precision W8A16 = new Precision(8, 16);

  private static final int MOST = 16;

  /**
   * Checks the bits.
   *
   * @throws QalibreException if they are not 2 to 16
   */
  public Precision {
    if (Math.min(weightBits, activationBits) < 2 || Math.max(weightBits, activationBits) > MOST) {
      throw new QalibreException(
          "a precision has 2 to 16 bits, found %d for weights and %d for activations"
              .formatted(weightBits, activationBits));
    }
  }

  /** The product of both: what a multiplication costs. */
  int product() {
    return weightBits * activationBits;
  }

  /** Such as {@code W4A8}. */
  @Override
  public String toString() {
    return "W" + weightBits + "A" + activationBits;
  }
}
