package io.qalibre.export;

/** What happens where an encodings file and the quantizers it is read for differ. */
public enum EncodingsFit {
  /** An error lists all that is missing, left over or different (AIMET's {@code strict=True}). */
  STRICT,
  /**
   * Quantizers without an entry are switched off, as in AIMET's {@code disable_missing_quantizers};
   * what is left over or different is an error.
   */
  DISABLE_MISSING,
  /**
   * The file decides (AIMET's {@code strict=False}): quantizers take bits, symmetry and channels or
   * blocks from their entries, those without entry are switched off, and those that have one are
   * switched on. What is left over, since it belongs to no quantizer, is an error.
   */
  RECONFIGURE
}
