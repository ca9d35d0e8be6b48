package io.qalibre.ptq;

import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;

/** How much memory a technique takes unless it is told. */
final class Memory {
  private static final long OTHERWISE = 1L << 30;

  private Memory() {}

  /** A quarter of the machine's memory, in bytes. */
  static long share() {
    OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
    return system instanceof com.sun.management.OperatingSystemMXBean known
        ? Math.max(OTHERWISE, known.getTotalMemorySize() / 4)
        : OTHERWISE;
  }
}
