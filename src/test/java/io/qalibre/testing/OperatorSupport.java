package io.qalibre.testing;

import io.qalibre.QuantConfig;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.op.OperatorCatalogue;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What Qalibre does with an ONNX operator.
 *
 * @param name the operator
 * @param deprecated whether its newest version is
 * @param tests the node tests in scope whose models use it
 * @param passed those of them that pass
 */
public record OperatorSupport(String name, boolean deprecated, int tests, int passed) {
  /** Operators in the catalogue through which no gradient passes: it is zero, or there is none. */
  private static final Set<String> WITHOUT_GRADIENT =
      Set.of(
          "And",
          "ArgMax",
          "ArgMin",
          "BitShift",
          "BitwiseAnd",
          "BitwiseNot",
          "BitwiseOr",
          "BitwiseXor",
          "Ceil",
          "ConstantOfShape",
          "Equal",
          "EyeLike",
          "Floor",
          "Greater",
          "GreaterOrEqual",
          "Hardmax",
          "IsInf",
          "IsNaN",
          "Less",
          "LessOrEqual",
          "NonZero",
          "Not",
          "OneHot",
          "Or",
          "QuantizeLinear",
          "Round",
          "Shape",
          "Sign",
          "Size",
          "Xor");

  private static final Set<String> TAKE_NO_FLOATS =
      Set.of("And", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Or", "Xor");

  /** Every operator of ONNX's domain {@code ai.onnx}, by name. */
  public static List<OperatorSupport> all() {
    List<NodeTest> tests = NodeTest.all().stream().filter(NodeTest::inScope).toList();
    Set<String> failures = KnownFailures.read().keySet();
    return OnnxFiles.rows(OnnxFiles.OPERATORS).stream()
        .map(row -> of(row[0], row[2].equals("deprecated"), tests, failures))
        .toList();
  }

  private static OperatorSupport of(
      String name, boolean deprecated, List<NodeTest> inScope, Set<String> failures) {
    List<NodeTest> tests = inScope.stream().filter(t -> t.operators().contains(name)).toList();
    long passed = tests.stream().filter(t -> !failures.contains(t.name())).count();
    return new OperatorSupport(name, deprecated, tests.size(), (int) passed);
  }

  /** Whether the catalogue has it, or the reader replaces it by operators that it has. */
  public boolean runs() {
    return passed > 0 || (tests == 0 && OperatorCatalogue.supports(name));
  }

  /** How a row of the page says whether gradients pass through. */
  public String trains() {
    if (!runs()) {
      return "no";
    }
    if (!OperatorCatalogue.supports(name)) {
      return "replaced";
    }
    return WITHOUT_GRADIENT.contains(name) ? "no" : "yes";
  }

  /** How a row of the page says whether a quantizer follows. */
  public String quantizes() {
    if (!runs()) {
      return "no";
    }
    if (!OperatorCatalogue.supports(name)) {
      return "replaced";
    }
    OperatorNode node =
        new OperatorNode(
            name,
            name,
            List.of("x", "x", "x"),
            List.of("y"),
            Attributes.NONE.with("to", (long) DataType.FLOAT.onnx()));
    Optional<QuantizerNode> quantizer =
        QuantConfig.int8().place(graph(node)).quantizers().stream()
            .filter(q -> q.inputs().contains("y"))
            .findFirst();
    if (quantizer.isPresent() && quantizer.get().enabled()) {
      return "yes";
    }
    boolean moves =
        OperatorCatalogue.get(node).preservesGrid()
            || quantizer.map(q -> q.placement().rule().startsWith("grid-preserving")).orElse(false);
    return moves ? "as its input" : "no";
  }

  /** x → the node → y → Sigmoid → z: a quantizer of y is the node's own. */
  private static Graph graph(OperatorNode node) {
    TensorShape shape = TensorShape.of(Dim.unknown());
    DataType type = TAKE_NO_FLOATS.contains(node.type()) ? DataType.INT64 : DataType.FLOAT;
    return new GraphBuilder("one")
        .input(new ValueInfo("x", type, shape))
        .node(node)
        .node(new OperatorNode("last", "Sigmoid", List.of("y"), List.of("z"), Attributes.NONE))
        .output(new ValueInfo("z", DataType.FLOAT, shape))
        .build();
  }
}
