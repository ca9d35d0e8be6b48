package io.qalibre.export;

/**
 * Which integers the codes of activations are in encodings of version 2.0.0 (AIMET's {@code
 * force_activation_as}). The values that codes stand for are the same.
 */
public enum ActivationCodes {
  /** Unsigned, such as uint8; zero is at 128 where a grid of 8 bits is symmetric. */
  UNSIGNED,
  /** Signed, such as int8. */
  SIGNED,
  /** Signed where the quantizer is symmetric, else unsigned (AIMET's {@code None}). */
  BY_SYMMETRY;

  /** Whether an activation's codes are signed. */
  boolean signed(boolean symmetric) {
    return this == SIGNED || (this == BY_SYMMETRY && symmetric);
  }
}
