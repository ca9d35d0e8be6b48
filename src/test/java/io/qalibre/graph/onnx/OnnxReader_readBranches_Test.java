package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.Models.attribute;
import static io.qalibre.graph.onnx.Models.branch;
import static io.qalibre.graph.onnx.Models.call;
import static io.qalibre.graph.onnx.Models.describe;
import static io.qalibre.graph.onnx.Models.floats;
import static io.qalibre.graph.onnx.Models.function;
import static io.qalibre.graph.onnx.Models.graph;
import static io.qalibre.graph.onnx.Models.integer;
import static io.qalibre.graph.onnx.Models.node;
import static io.qalibre.graph.onnx.Models.read;
import static io.qalibre.graph.onnx.Models.tensor;
import static io.qalibre.graph.onnx.Models.truth;
import static io.qalibre.graph.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.qalibre.graph.Graph;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxReader_readBranches_Test {
  private static final GraphProto.Builder YES =
      graph("t", node("Relu", List.of("x"), "s"), node("Tanh", List.of("s"), "t"));
  private static final GraphProto.Builder NO = graph("t", node("Sigmoid", List.of("x"), "t"));

  private static NodeProto.Builder choice() {
    return branch("c", YES.clone(), NO.clone(), "y").setName("if");
  }

  private static Graph choose(NodeProto.Builder... condition) {
    return read(
        g -> {
          g.addInitializer(tensor("one", DataType.INT64_VALUE).addInt64Data(1))
              .addInitializer(tensor("two", DataType.INT64_VALUE).addInt64Data(2));
          List.of(condition).forEach(g::addNode);
          g.addNode(choice());
        });
  }

  private static boolean tookYes(Graph graph) {
    return graph.operators().stream().anyMatch(n -> n.type().equals("Tanh"));
  }

  @Test
  void takesTheBranchOfAnInitializer() {
    assertThat(describe(read(g -> g.addInitializer(truth("c", true)).addNode(choice()))))
        .containsExactly("Relu_0: Relu(x) → s", "Tanh_0: Tanh(s) → y");
    assertThat(describe(read(g -> g.addInitializer(truth("c", false)).addNode(choice()))))
        .containsExactly("Sigmoid_0: Sigmoid(x) → y");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void takesTheBranchOfAConstant(boolean value) {
    NodeProto.Builder constant =
        node("Constant", List.of(), "c")
            .addAttribute(attribute("value", AttributeType.TENSOR).setT(truth("", value)));
    assertThat(tookYes(choose(constant))).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource({
    "Equal, false",
    "Less, true",
    "LessOrEqual, true",
    "Greater, false",
    "GreaterOrEqual, false"
  })
  void foldsComparisons(String type, boolean expected) {
    assertThat(tookYes(choose(node(type, List.of("one", "two"), "c")))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"And, false", "Or, true", "Xor, true"})
  void foldsLogic(String type, boolean expected) {
    assertThat(
            tookYes(
                choose(
                    node("Cast", List.of("two"), "a").addAttribute(integer("to", 9)),
                    node("Not", List.of("a"), "b"),
                    node(type, List.of("a", "b"), "c"))))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"Add, 3", "Sub, -1", "Mul, 2"})
  void foldsArithmetic(String type, long expected) {
    assertThat(
            tookYes(
                choose(
                    node(type, List.of("one", "two"), "a"),
                    node("Constant", List.of(), "b").addAttribute(integer("value_int", expected)),
                    node("Equal", List.of("a", "b"), "c"))))
        .isTrue();
  }

  /** What torch.squeeze(x, 1) is exported to: x is [N, 2]. */
  @Test
  void foldsDeclaredSizes() {
    NodeProto.Builder shape = node("Shape", List.of("x"), "shape");
    NodeProto.Builder size = node("Gather", List.of("shape", "one"), "size");
    assertThat(tookYes(choose(shape, size, node("Equal", List.of("size", "one"), "c")))).isFalse();
    assertThat(tookYes(choose(shape, size, node("Equal", List.of("size", "two"), "c")))).isTrue();
    assertThat(
            tookYes(
                choose(
                    shape,
                    node("Size", List.of("shape"), "rank"),
                    node("Equal", List.of("rank", "two"), "c"))))
        .isTrue();
    assertThat(
            tookYes(
                choose(
                    node("Shape", List.of("x"), "shape").addAttribute(integer("start", -1)),
                    node("Squeeze", List.of("shape"), "size"),
                    node("Equal", List.of("size", "two"), "c"))))
        .isTrue();
  }

  @Test
  void doesNotDecideBySizesThatAreNotDeclared() {
    refuses(
        g ->
            g.addInitializer(tensor("zero", DataType.INT64_VALUE).addInt64Data(0))
                .addInitializer(tensor("one", DataType.INT64_VALUE).addInt64Data(1))
                .addNode(node("Shape", List.of("x"), "shape"))
                .addNode(node("Gather", List.of("shape", "zero"), "size"))
                .addNode(node("Equal", List.of("size", "one"), "c"))
                .addNode(choice()),
        "graph: expected no control flow but `If` with a constant condition, found subgraphs in If"
            + " node `if`");
  }

  @Test
  void keepsInitializersOfTheBranchTaken() {
    Graph graph =
        read(
            g ->
                g.addInitializer(truth("c", true))
                    .addInitializer(floats("w", 1, 2))
                    .addNode(
                        branch(
                            "c",
                            graph("t", node("Mul", List.of("v", "w"), "t"))
                                .addInitializer(floats("v", 3, 4)),
                            graph("t", node("Mul", List.of("u", "w"), "t"))
                                .addInitializer(floats("u", 5, 6)),
                            "s"))
                    .addNode(node("Add", List.of("x", "s"), "y")));

    assertThat(graph.initializers()).containsOnlyKeys("w", "v");
    assertThat(describe(graph)).containsExactly("Mul_0: Mul(v, w) → s", "Add_0: Add(x, s) → y");
  }

  @Test
  void givesOutConstantsAndTensorsAround() {
    Graph graph =
        read(
            g ->
                g.addInitializer(truth("c", true))
                    .addNode(branch("c", graph("x"), NO, "s").setName("if"))
                    .addNode(branch("c", graph("k").addInitializer(floats("k", 3, 4)), NO, "k2"))
                    .addNode(node("Add", List.of("s", "k2"), "y")));

    assertThat(describe(graph))
        .containsExactly("if/Identity_0: Identity(x) → s", "Add_0: Add(s, k2) → y");
    assertThat(graph.initializer("k2").floats()).containsExactly(3, 4);
  }

  @Test
  void keepsNamesUniqueWhereBranchesShareThem() {
    GraphProto.Builder inner =
        graph(
            "t",
            node("Relu", List.of("x"), "s").setName("relu"),
            node("Tanh", List.of("s"), "t").setName("tanh"));
    Graph graph =
        read(
            g ->
                g.addInitializer(truth("c", true))
                    .addNode(branch("c", inner, NO, "p").setName("first"))
                    .addNode(branch("c", inner, NO, "q").setName("second"))
                    .addNode(node("Add", List.of("p", "q"), "y")));

    assertThat(describe(graph))
        .containsExactly(
            "relu: Relu(x) → s",
            "tanh: Tanh(s) → p",
            "relu_0: Relu(x) → second/s",
            "tanh_0: Tanh(second/s) → q",
            "Add_0: Add(p, q) → y");
  }

  @Test
  void inlinesBranchesInBranchesAndFunctions() {
    GraphProto.Builder inner =
        graph(
            "t",
            node("Relu", List.of("a"), "s").setName("relu"),
            branch(
                    "d",
                    graph("r", node("Add", List.of("s", "a"), "r").setName("add")),
                    graph("r", call("F", List.of("s"), "r")),
                    "t")
                .setName("inner"));
    FunctionProto.Builder function =
        function(
                "F",
                List.of("a"),
                List.of("b"),
                node("Constant", List.of(), "c")
                    .addAttribute(attribute("value_int", AttributeType.INT).setRefAttrName("deep")),
                node("Cast", List.of("c"), "d").addAttribute(integer("to", 9)),
                branch("d", inner, graph("t", node("Neg", List.of("a"), "t")), "b")
                    .setName("outer"))
            .addAttributeProto(integer("deep", 0));

    Graph graph =
        read(
            g ->
                g.addNode(
                        call("F", List.of("x"), "p").setName("n").addAttribute(integer("deep", 1)))
                    .addNode(call("F", List.of("p"), "y").setName("m")),
            function);

    assertThat(describe(graph))
        .containsExactly("n/relu: Relu(x) → n/s", "n/add: Add(n/s, x) → p", "m/Neg_0: Neg(p) → y");
  }

  @Test
  void dropsWhatOnlyWorkedOutTheCondition() {
    Graph graph =
        read(
            g ->
                g.addOutput(value("size", DataType.INT64_VALUE))
                    .addInitializer(tensor("one", DataType.INT64_VALUE).addInt64Data(1))
                    .addNode(node("Shape", List.of("x"), "shape").setName("shape"))
                    .addNode(node("Gather", List.of("shape", "one"), "size").setName("size"))
                    .addNode(node("Equal", List.of("size", "one"), "c").setName("equal"))
                    .addNode(node("Not", List.of("c"), "unused").setName("unused"))
                    .addNode(node("Not", List.of("c"), "d").setName("not"))
                    .addNode(branch("d", NO, YES, "y").setName("if")));

    assertThat(graph.nodes())
        .extracting("name")
        .containsExactly("shape", "size", "equal", "unused", "Sigmoid_0");
    assertThat(graph.initializers()).containsOnlyKeys("one");
  }

  @Test
  void refusesBranchesThatAreNone() {
    refusesBranches(
        choice().removeAttribute(0),
        "If node `if`, attribute `then_branch`: expected a graph, found none");
    refusesBranches(
        choice().addOutput("z"),
        "If node `if`: expected at most 1 outputs, as many as inside, found 2");
    refusesBranches(
        branch("c", graph("t").addInput(value("i", Models.FLOAT)), NO, "y").setName("if"),
        "If node `if`, attribute `then_branch`: expected a graph without inputs, found 1 inputs");
    refusesBranches(
        branch("c", graph("t"), NO, "y").setName("if"),
        "Identity node `if/Identity_0`: expected its input `t`, found nothing that writes it; did"
            + " you mean `x` or `y`?");
  }

  @Test
  void refusesOtherControlFlowAllAtOnce() {
    NodeProto.Builder loop =
        node("Loop", List.of("n", "c", "x"), "z")
            .setName("loop")
            .addAttribute(attribute("body", AttributeType.GRAPH).setG(NO));
    refuses(
        g ->
            g.addInitializer(truth("c", true))
                .addNode(node("Cast", List.of("x"), "computed").addAttribute(integer("to", 9)))
                .addNode(choice())
                .addNode(branch("computed", YES, NO, "w").setName("open"))
                .addNode(loop),
        "graph: expected no control flow but `If` with a constant condition, found subgraphs in If"
            + " node `open`, Loop node `loop`");
  }

  @Test
  void refusesConditionsThatAreNoSingleTruthValue() {
    TensorProto two = tensor("c", DataType.BOOL_VALUE, 2).addInt32Data(1).addInt32Data(1).build();
    refuses(
        g -> g.addInitializer(two).addNode(choice()),
        "graph: expected no control flow but `If` with a constant condition, found subgraphs in If"
            + " node `if`");
  }

  private static void refusesBranches(NodeProto.Builder node, String message) {
    refuses(g -> g.addInitializer(truth("c", true)).addNode(node), message);
  }

  private static void refuses(Consumer<GraphProto.Builder> graph, String message) {
    assertThatThrownBy(() -> read(graph))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage("small.onnx: " + message)
        .hasNoCause();
  }
}
