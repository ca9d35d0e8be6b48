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
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OnnxReader_readFunctions_Test {
  private static final FunctionProto.Builder SWISH =
      function(
          "Swish",
          List.of("a"),
          List.of("b"),
          node("Sigmoid", List.of("a"), "s"),
          node("Mul", List.of("a", "s"), "b").setName("mul"));

  private static AttributeProto.Builder reference(String name, String to) {
    return attribute(name, AttributeType.INT).setRefAttrName(to);
  }

  @Test
  void inlinesCallsWithNamesThatBeginWithTheCalls() {
    Graph graph =
        read(
            g ->
                g.addNode(call("Swish", List.of("x"), "t").setName("act"))
                    .addNode(call("Swish", List.of("t"), "y")),
            SWISH);

    assertThat(describe(graph))
        .containsExactly(
            "act/Sigmoid_0: Sigmoid(x) → act/s",
            "act/mul: Mul(x, act/s) → t",
            "Swish_0/Sigmoid_0: Sigmoid(t) → Swish_0/s",
            "Swish_0/mul: Mul(t, Swish_0/s) → y");
  }

  @Test
  void inlinesFunctionsInFunctions() {
    FunctionProto.Builder twice =
        function(
            "Twice",
            List.of("a"),
            List.of("c"),
            call("Swish", List.of("a"), "b").setName("first"),
            call("Swish", List.of("b"), "c").setName("second"));

    Graph graph = read(g -> g.addNode(call("Twice", List.of("x"), "y").setName("n")), twice, SWISH);

    assertThat(describe(graph))
        .containsExactly(
            "n/first/Sigmoid_0: Sigmoid(x) → n/first/s",
            "n/first/mul: Mul(x, n/first/s) → n/b",
            "n/second/Sigmoid_0: Sigmoid(n/b) → n/second/s",
            "n/second/mul: Mul(n/b, n/second/s) → y");
  }

  @Test
  void keepsTheNamesOfTheGraphWhereAnInnerNameWouldBeTheSame() {
    Graph graph =
        read(
            g ->
                g.addNode(call("Swish", List.of("x"), "t").setName("n"))
                    .addNode(node("Relu", List.of("t"), "n/s").setName("n/mul"))
                    .addNode(node("Relu", List.of("n/s"), "y").setName("last")),
            SWISH);

    assertThat(describe(graph))
        .containsExactly(
            "n/Sigmoid_0: Sigmoid(x) → n/s_0",
            "n/mul_0: Mul(x, n/s_0) → t",
            "n/mul: Relu(t) → n/s",
            "last: Relu(n/s) → y");
  }

  @Test
  void givesAttributesFromTheCallOrTheirDefaultOrNone() {
    FunctionProto.Builder soft =
        function(
                "Soft",
                List.of("a"),
                List.of("b"),
                node("Softmax", List.of("a"), "b")
                    .addAttribute(reference("axis", "dim"))
                    .addAttribute(reference("other", "absent"))
                    .addAttribute(integer("plain", 7)))
            .addAttribute("absent")
            .addAttributeProto(integer("dim", -1));
    FunctionProto.Builder outer =
        function(
                "Outer",
                List.of("a"),
                List.of("b"),
                call("Soft", List.of("a"), "b").addAttribute(reference("dim", "axis")))
            .addAttribute("axis");

    Graph graph =
        read(
            g ->
                g.addNode(call("Soft", List.of("x"), "r"))
                    .addNode(call("Soft", List.of("r"), "s").addAttribute(integer("dim", 2)))
                    .addNode(call("Outer", List.of("s"), "t").addAttribute(integer("axis", 3)))
                    .addNode(call("Outer", List.of("t"), "y")),
            soft,
            outer);

    assertThat(graph.operators())
        .extracting(OperatorNode::attributes)
        .extracting(Attributes::values)
        .extracting(v -> v.get("axis") + " " + v.get("plain") + " " + v.size())
        .containsExactly("-1 7 2", "2 7 2", "3 7 2", "-1 7 2");
  }

  @Test
  void leavesOutOptionalInputsAndOutputs() {
    FunctionProto.Builder clip =
        function(
            "Bound",
            List.of("a", "low", "high"),
            List.of("b", "c"),
            node("Clip", List.of("a", "low", "high"), "b").setName("clip"),
            node("Relu", List.of("a"), "c").setName("relu"));

    Graph graph =
        read(
            g ->
                g.addInitializer(floats("six", 6))
                    .addNode(call("Bound", List.of("x", "", "six"), "y").setName("n"))
                    .addNode(call("Bound", List.of("x"), "", "z").setName("m")),
            clip);

    assertThat(describe(graph))
        .containsExactly(
            "n/clip: Clip(x, , six) → y",
            "n/relu: Relu(x) → n/c",
            "m/clip: Clip(x, , ) → m/b",
            "m/relu: Relu(x) → z");
  }

  @Test
  void copiesResultsThatAreInputsOrGivenOutTwice() {
    FunctionProto.Builder pass =
        function("Pass", List.of("a"), List.of("a", "b", "b"), node("Relu", List.of("a"), "b"));

    Graph graph =
        read(g -> g.addNode(call("Pass", List.of("x"), "p", "q", "y").setName("n")), pass);

    assertThat(describe(graph))
        .containsExactly(
            "n/Relu_0: Relu(x) → q",
            "n/Identity_0: Identity(x) → p",
            "n/Identity_1: Identity(q) → y");
  }

  @Test
  void takesConstantsInsideForInitializers() {
    FunctionProto.Builder half =
        function(
            "Half",
            List.of("a"),
            List.of("b"),
            node("Constant", List.of(), "k")
                .addAttribute(
                    attribute("value_float", AttributeType.FLOAT).setRefAttrName("factor")),
            node("Mul", List.of("a", "k"), "b"));

    Graph graph =
        read(
            g ->
                g.addNode(
                    call("Half", List.of("x"), "y")
                        .setName("n")
                        .addAttribute(attribute("factor", AttributeType.FLOAT).setF(0.5f))),
            half);

    assertThat(graph.initializer("n/k").floats()).containsExactly(0.5f);
  }

  @Test
  void tellsOverloadsAndOtherDomainsApart() {
    FunctionProto.Builder one =
        function("F", List.of("a"), List.of("b"), node("Relu", List.of("a"), "b")).setOverload("1");
    FunctionProto.Builder two =
        function("F", List.of("a"), List.of("b"), node("Tanh", List.of("a"), "b")).setOverload("2");

    Graph graph =
        read(
            g ->
                g.addNode(call("F", List.of("x"), "s").setOverload("2"))
                    .addNode(call("F", List.of("s"), "t").setOverload("1"))
                    .addNode(call("F", List.of("t"), "u").setDomain("other"))
                    .addNode(node("Relu", List.of("u"), "y")),
            one,
            two);

    assertThat(graph.operators())
        .extracting(OperatorNode::type)
        .containsExactly("Tanh", "Relu", "other::F", "Relu");
  }

  @Test
  void refusesFunctionsThatCallThemselves() {
    refuses(
        "function `own::F`: expected functions that do not call themselves, found `own::F` →"
            + " `own::G` → `own::F`",
        call("Start", List.of("x"), "y"),
        function("Start", List.of("a"), List.of("b"), call("F", List.of("a"), "b")),
        function("F", List.of("a"), List.of("b"), call("G", List.of("a"), "b")),
        function("G", List.of("a"), List.of("b"), call("F", List.of("a"), "b")));
  }

  @Test
  void refusesFunctionsThatGrowBeyondMeasure() {
    FunctionProto.Builder[] doubling =
        IntStream.range(0, 40)
            .mapToObj(
                i ->
                    function(
                        "F" + i,
                        List.of("a"),
                        List.of("c"),
                        call(i == 39 ? "Last" : "F" + (i + 1), List.of("a"), "b"),
                        call(i == 39 ? "Last" : "F" + (i + 1), List.of("b"), "c")))
            .toArray(FunctionProto.Builder[]::new);
    assertThatThrownBy(() -> read(g -> g.addNode(call("F0", List.of("x"), "y")), doubling))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageContaining(
            "expected functions and branches that add at most 16 MiB to the file when inlined,"
                + " found more");
  }

  @Test
  void refusesFunctionsThatAreNestedTooDeep() {
    FunctionProto.Builder[] chain =
        IntStream.range(0, 100_000)
            .mapToObj(
                i ->
                    function(
                        "F" + i,
                        List.of("a"),
                        List.of("b"),
                        call("F" + (i + 1), List.of("a"), "b").setName("n")))
            .toArray(FunctionProto.Builder[]::new);
    assertThatThrownBy(() -> read(g -> g.addNode(call("F0", List.of("x"), "y")), chain))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageEndingWith(
            "expected functions and branches at most 200 deep, found deeper ones");
  }

  @Test
  void refusesCallsThatDoNotFit() {
    refuses(
        "Swish node `n`: expected at most 1 inputs, as many as inside, found 2",
        call("Swish", List.of("x", "x"), "y").setName("n"),
        SWISH);
    refuses(
        "Swish node `n`: expected at most 1 outputs, as many as inside, found 2",
        call("Swish", List.of("x"), "y", "z").setName("n"),
        SWISH);
    refuses(
        "F node `n`: expected a function whose inputs have names of their own, found `a`",
        call("F", List.of("x", "x"), "y").setName("n"),
        function("F", List.of("a", "a"), List.of("b"), node("Relu", List.of("a"), "b")));
    refuses(
        "function `own::Swish`: expected one function of that name, found a second one",
        node("Relu", List.of("x"), "y"),
        SWISH,
        SWISH);
  }

  @Test
  void refusesNamesAFunctionDoesNotKnow() {
    refuses(
        "Mul node `n/mul`: expected its input `n/x`, found nothing that writes it; did you mean"
            + " `x`?",
        call("F", List.of("x"), "y").setName("n"),
        function(
            "F", List.of("a"), List.of("b"), node("Mul", List.of("a", "x"), "b").setName("mul")));
    refuses(
        "Sum node `n`: expected its input `t`, found nothing that writes it; did you mean `x` or"
            + " `y`?",
        node("Sum", List.of("t"), "y").setName("n"),
        SWISH);
  }

  @Test
  void refusesReferencesOutsideOfFunctions() {
    refuses(
        "Softmax node `n`, attribute `axis`: expected a value, found a reference to the attribute"
            + " `dim` of a function",
        node("Softmax", List.of("x"), "y").setName("n").addAttribute(reference("axis", "dim")));
  }

  @Test
  void refusesGraphsGivenToFunctions() {
    GraphProto.Builder inner = graph("t", node("Relu", List.of("a"), "t"));
    NodeProto.Builder branches =
        branch("c", inner, inner, "b").setName("if").removeAttribute(0).removeAttribute(0);
    branches.addAttribute(attribute("then_branch", AttributeType.GRAPH).setRefAttrName("given"));
    refuses(
        "If node `if`, attribute `then_branch`: expected numbers, texts or tensors given to a"
            + " function, found a graph",
        call("F", List.of("x"), "y")
            .setName("n")
            .addAttribute(attribute("given", AttributeType.GRAPH).setG(inner)),
        function("F", List.of("a"), List.of("b"), branches));
  }

  private static void refuses(
      String message, NodeProto.Builder node, FunctionProto.Builder... functions) {
    assertThatThrownBy(() -> read(g -> g.addNode(node), functions))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage("small.onnx: " + message)
        .hasNoCause();
  }
}
