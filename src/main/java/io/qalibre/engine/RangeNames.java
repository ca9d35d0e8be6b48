package io.qalibre.engine;

import java.util.stream.Stream;

/** How the parameters that hold a quantizer's range are told from those of the network. */
public final class RangeNames {
  private RangeNames() {}

  /** Whether a parameter's name is that of a range. */
  public static boolean isRange(String parameter) {
    return Stream.of(RangeForm.values())
        .flatMap(form -> form.suffixes().stream())
        .anyMatch(parameter::endsWith);
  }
}
