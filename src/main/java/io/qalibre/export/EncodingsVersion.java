package io.qalibre.export;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The versions of AIMET's encodings files. */
public enum EncodingsVersion {
  /**
   * Dictionaries from tensor to entries, with minima and maxima; truth values are words. It has no
   * form for low-power blockwise quantization (LPBQ).
   */
  V0_6_1("0.6.1"),
  /** Lists of entries with a name; the default, as AIMET's. */
  V1_0_0("1.0.0"),
  /**
   * One list in the words of ONNX QuantizeLinear, with the int32 encodings of biases and those of
   * tensors that data-movement operators read or write. A float16 quantizer has no entry.
   */
  V2_0_0("2.0.0");

  private final String label;

  EncodingsVersion(String label) {
    this.label = label;
  }

  /** The version as files name it, such as {@code 1.0.0}. */
  public String label() {
    return label;
  }

  /** The version that a file names. */
  static Optional<EncodingsVersion> of(String label) {
    return Arrays.stream(values()).filter(version -> version.label.equals(label)).findFirst();
  }

  /** All versions, for errors. */
  static String known() {
    return Arrays.stream(values())
        .map(EncodingsVersion::label)
        .collect(Collectors.joining(", ", "one of ", ""));
  }
}
