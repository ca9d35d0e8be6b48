package io.qalibre.testing;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The page {@code docs/operators.md}: what Qalibre does with each ONNX operator. It follows from
 * the catalogue, the list of node tests and the list of those that fail.
 */
public final class OperatorPage {
  private static final String TEMPLATE =
      """
      # Operators

      <!-- Generated; do not edit. See "How this page is made". -->

      What Qalibre does with each of the %d operators of ONNX's domain `ai.onnx`, as of the Python package `onnx` 1.23.2,
      and which of the ONNX project's own backend node tests it passes.

      %s.

      | column | says |
      |---|---|
      | runs | `yes`: networks with it load and run, with the exceptions in the list of failing tests |
      | node tests | those that pass, of those in scope whose models use it, alone or among others |
      | trains | `yes`: gradients pass through, so what lies before it learns; `no`: the gradient is zero or there is none |
      | quantized | `yes`: under `QuantConfig.int8()` its output gets a quantizer; `as its input`: it only moves or picks values, which stay on the grid they are on; `no`: its output is not float, or the config leaves it out |

      `replaced`: the reader puts constants or other operators in its place, and what is said of those holds.

      | operator | runs | node tests | trains | quantized |
      |---|---|---|---|---|
      %s
      ## Node tests that fail

      %s
      ## Node tests left out

      A node test is in scope when its model uses only operators that CNNs, segmentation and detection heads, and vision
      and text transformers need. `SCOPE` in `src/test/python/onnx_node_tests.py` lists them, whether Qalibre has them
      yet or not. Of the others the table says why; a test that uses another operator is counted as such only.

      | reason | tests |
      |---|---|
      %s
      `src/test/resources/onnx/node-tests.tsv` has every node test with its operators and the reason.

      ## How this page is made

          mvn test -Dtest='OnnxNodeTests_run_Test' -Dnode.tests.update=true

      runs all node tests in scope, writes those that fail with their reasons to
      `src/test/resources/onnx/known-failures.txt`, and then this page. `OnnxNodeTests_run_Test` fails when a test
      that is not on that list fails, or one that is on it passes; `OperatorPage_text_Test` fails when this page is not what
      would be generated; `TrainableBlock_gradients_Test` fails when a gradient passes through an operator that does not
      train, or none through one that does.
      """;

  private OperatorPage() {}

  /** The page as it lies in the source tree. */
  public static String committed() {
    return OnnxFiles.read(OnnxFiles.PAGE);
  }

  /** Replaces the page in the source tree. */
  public static void write() {
    OnnxFiles.write(OnnxFiles.PAGE, text());
  }

  /** The page as it should be. */
  public static String text() {
    List<OperatorSupport> operators = OperatorSupport.all();
    Map<String, String> failures = KnownFailures.read();
    NodeTestSummary summary = NodeTestSummary.of(NodeTest.all(), failures.size());
    return TEMPLATE.formatted(
        operators.size(),
        summary,
        operators.stream().map(OperatorPage::row).collect(Collectors.joining()),
        failures(failures),
        leftOut(summary));
  }

  private static String row(OperatorSupport operator) {
    return "| [%s](https://onnx.ai/onnx/operators/onnx__%s.html)%s | %s | %s | %s | %s |\n"
        .formatted(
            operator.name(),
            operator.name(),
            operator.deprecated() ? " (deprecated)" : "",
            operator.runs() ? "yes" : "no",
            operator.tests() == 0 ? "–" : operator.passed() + " of " + operator.tests(),
            operator.trains(),
            operator.quantizes());
  }

  private static String failures(Map<String, String> failures) {
    return failures.isEmpty()
        ? "None.\n"
        : failures.entrySet().stream()
            .map(e -> "    " + e.getKey() + ": " + e.getValue() + "\n")
            .collect(Collectors.joining());
  }

  private static String leftOut(NodeTestSummary summary) {
    return summary.leftOut().entrySet().stream()
        .map(e -> "| " + describe(e.getKey()) + " | " + e.getValue() + " |\n")
        .collect(Collectors.joining());
  }

  private static String describe(String reason) {
    return switch (reason) {
      case "operators" -> "an operator that is not in scope";
      case "int4" -> "data type int4 or uint4";
      case "int2" -> "data type int2 or uint2";
      default -> "data type " + reason;
    };
  }
}
