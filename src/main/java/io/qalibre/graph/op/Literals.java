package io.qalibre.graph.op;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Numbers as TorchScript writes them. */
final class Literals {
  private Literals() {}

  /** A float; infinities and NaN have no digits. */
  static String number(float value) {
    return Float.isFinite(value) ? Float.toString(value) : "float(\"" + word(value) + "\")";
  }

  /** An integer; the smallest one, whose digits are no number without the sign, is one off. */
  static String number(long value) {
    return Long.toString(Math.max(value, -Long.MAX_VALUE));
  }

  /** A list of integers; an empty one has to say what it is a list of. */
  static String list(long... values) {
    return values.length == 0
        ? "annotate(List[int], [])"
        : Arrays.stream(values)
            .mapToObj(Literals::number)
            .collect(Collectors.joining(", ", "[", "]"));
  }

  /** A truth value. */
  static String flag(boolean value) {
    return value ? "True" : "False";
  }

  private static String word(float value) {
    return Float.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
}
