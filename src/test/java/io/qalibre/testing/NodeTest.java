package io.qalibre.testing;

import java.util.List;
import java.util.Set;

/**
 * One of the ONNX project's backend node tests.
 *
 * @param name its name, such as {@code test_relu}
 * @param leftOut why it is not in scope: {@code operators}, the class of a data type, or {@code -}
 * @param rtol the relative tolerance
 * @param atol the absolute tolerance
 * @param operators the operators of its model, those in subgraphs too
 */
public record NodeTest(
    String name, String leftOut, double rtol, double atol, Set<String> operators) {
  /** Copies the operators. */
  public NodeTest {
    operators = Set.copyOf(operators);
  }

  /** Every node test that the pinned package has, by name. */
  public static List<NodeTest> all() {
    return OnnxFiles.rows(OnnxFiles.TESTS).stream().map(NodeTest::of).toList();
  }

  /** Whether Qalibre is to pass it. */
  public boolean inScope() {
    return leftOut.equals("-");
  }

  private static NodeTest of(String[] row) {
    return new NodeTest(
        row[0],
        row[1],
        Double.parseDouble(row[3]),
        Double.parseDouble(row[4]),
        Set.of(row[5].split(" ")));
  }
}
