package io.qalibre.export;

import org.jspecify.annotations.Nullable;

/**
 * How a simulation is written. Start from {@link #DEFAULT} and change what differs: {@code
 * ExportOptions.DEFAULT.withEncodings(EncodingsVersion.V2_0_0)}.
 *
 * @param encodings the version of the encodings file
 * @param integerBias whether it holds the int32 encodings of biases that the simulation leaves in
 *     float (AIMET's {@code export_int32_bias}); null for what is usual in the version: yes from
 *     2.0.0 on
 * @param activationCodes which integers the codes of activations are in the encodings file; only of
 *     effect in 2.0.0
 * @param qdq which integers the QDQ file holds
 */
public record ExportOptions(
    EncodingsVersion encodings,
    @Nullable Boolean integerBias,
    ActivationCodes activationCodes,
    QdqForm qdq) {
  /** AIMET's defaults, version 1.0.0, and QDQ of unsigned activations with int32 biases. */
  public static final ExportOptions DEFAULT =
      new ExportOptions(EncodingsVersion.V1_0_0, null, ActivationCodes.UNSIGNED, QdqForm.UNSIGNED);

  /** The same with encodings of another version. */
  public ExportOptions withEncodings(EncodingsVersion version) {
    return new ExportOptions(version, integerBias, activationCodes, qdq);
  }

  /** The same with int32 encodings of biases, or without them. */
  public ExportOptions withIntegerBias(boolean written) {
    return new ExportOptions(encodings, written, activationCodes, qdq);
  }

  /** The same with other codes of activations in the encodings file. */
  public ExportOptions withActivationCodes(ActivationCodes codes) {
    return new ExportOptions(encodings, integerBias, codes, qdq);
  }

  /** The same with other integers in the QDQ file. */
  public ExportOptions withQdq(QdqForm form) {
    return new ExportOptions(encodings, integerBias, activationCodes, form);
  }

  /** Whether the encodings file holds int32 encodings of biases. */
  boolean writesIntegerBias() {
    return integerBias != null ? integerBias : encodings == EncodingsVersion.V2_0_0;
  }
}
