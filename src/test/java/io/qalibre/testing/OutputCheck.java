package io.qalibre.testing;

import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.graph.Tensor;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Compares outputs with those that node tests expect: type, shape, and values within tolerances.
 */
final class OutputCheck {
  private OutputCheck() {}

  /**
   * How an output differs from what a test expects, in one line; empty where it does not. Floats of
   * any width are FLOAT in graphs; their values are compared at the test's tolerances.
   */
  static Optional<String> difference(NodeTest test, TensorProto expected, Tensor found) {
    if (found == null) {
      return Optional.of("there is none");
    }
    int type = expected.getDataType();
    int held = OnnxNumbers.isFloat(type) ? TensorProto.DataType.FLOAT_VALUE : type;
    if (found.type().onnx() != held) {
      return Optional.of("expected " + OnnxNumbers.typeName(type) + ", found " + found.type());
    }
    long[] sizes = OnnxNumbers.sizes(expected);
    if (!Arrays.equals(sizes, found.sizes())) {
      return Optional.of(
          "expected shape %s, found %s"
              .formatted(Arrays.toString(sizes), Arrays.toString(found.sizes())));
    }
    return difference(
        OnnxNumbers.read(type, expected.getRawData().asReadOnlyByteBuffer()),
        OnnxNumbers.read(held, found.bytes()),
        // As ONNX's own runner has it: two units in the last place of a bfloat16.
        type == TensorProto.DataType.BFLOAT16_VALUE ? Math.max(test.rtol(), 0x1p-6) : test.rtol(),
        test.atol());
  }

  private static Optional<String> difference(
      double[] expected, double[] found, double rtol, double atol) {
    int count = 0;
    int first = 0;
    for (int i = expected.length - 1; i >= 0; i--) {
      if (!close(expected[i], found[i], rtol, atol)) {
        count++;
        first = i;
      }
    }
    return count == 0
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "%d of %d values differ, the first at index %d: expected %.6g, found %.6g",
                count,
                expected.length,
                first,
                expected[first],
                found[first]));
  }

  /** NumPy's {@code isclose}, with NaN equal to NaN. */
  private static boolean close(double expected, double found, double rtol, double atol) {
    return Double.compare(expected, found) == 0
        || expected == found
        || (Double.isFinite(expected)
            && Math.abs(found - expected) <= atol + rtol * Math.abs(expected));
  }
}
