package io.qalibre.graph.onnx;

import java.util.Map;
import java.util.TreeMap;

/** Which version of ONNX's file format came with which operator set. */
final class IrVersions {
  /** The first operator set of each format version, from ONNX's table of releases. */
  private static final TreeMap<Long, Long> BY_FIRST_OPSET =
      new TreeMap<>(
          Map.of(
              // Version 3 wants every initializer among the inputs; 4 reads the same and does not.
              0L,
              4L,
              10L,
              5L,
              11L,
              6L,
              12L,
              7L,
              15L,
              8L,
              19L,
              9L,
              21L,
              10L,
              23L,
              11L,
              24L,
              12L,
              25L,
              13L));

  private IrVersions() {}

  /** The format version to write an operator set in. */
  static long forOpset(long opset) {
    return BY_FIRST_OPSET.floorEntry(Math.max(0, opset)).getValue();
  }
}
