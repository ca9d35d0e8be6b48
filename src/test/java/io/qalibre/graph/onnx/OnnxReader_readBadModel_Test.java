package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.Models.FLOAT;
import static io.qalibre.graph.onnx.Models.attribute;
import static io.qalibre.graph.onnx.Models.floats;
import static io.qalibre.graph.onnx.Models.integer;
import static io.qalibre.graph.onnx.Models.node;
import static io.qalibre.graph.onnx.Models.raw;
import static io.qalibre.graph.onnx.Models.read;
import static io.qalibre.graph.onnx.Models.tensor;
import static io.qalibre.graph.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class OnnxReader_readBadModel_Test {
  private static final NodeProto RELU = node("Relu", List.of("x"), "y").setName("relu").build();

  private static void refuses(Consumer<GraphProto.Builder> graph, String message) {
    assertThatThrownBy(() -> read(graph))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage("small.onnx: " + message)
        .hasNoCause();
  }

  private static void refusesTensor(TensorProto.Builder proto, String message) {
    refuses(g -> g.addInitializer(proto).addNode(RELU), "initializer `w`: expected " + message);
  }

  @Test
  void refusesSizesThatTheDataDoNotHave() {
    refusesTensor(
        tensor("w", FLOAT, 1L << 20, 1L << 20).setRawData(raw(1)),
        "4398046511104 bytes for FLOAT [1048576, 1048576], found 4 bytes");
    refusesTensor(
        tensor("w", FLOAT, 1L << 40),
        "1099511627776 elements for FLOAT [1099511627776], found 0 elements");
    refusesTensor(
        tensor("w", FLOAT, 1L << 40, 1L << 40).setRawData(raw(1)),
        "at most 2 GiB in one tensor, found dimensions [1099511627776, 1099511627776]");
    refusesTensor(
        tensor("w", FLOAT, 0, 1L << 40, 1L << 40),
        "at most 2 GiB in one tensor, found dimensions [0, 1099511627776, 1099511627776]");
    refusesTensor(
        tensor("w", FLOAT, Long.MAX_VALUE).setRawData(raw(1)),
        "at most 2 GiB in one tensor, found dimensions [9223372036854775807]");
    refusesTensor(
        tensor("w", FLOAT, 3).setRawData(raw(1, 2)), "12 bytes for FLOAT [3], found 8 bytes");
    refusesTensor(
        tensor("w", FLOAT, 1).addFloatData(1).addFloatData(2),
        "1 elements for FLOAT [1], found 2 elements");
    refusesTensor(tensor("w", FLOAT, 2, -1), "dimensions of 0 or more, found [2, -1]");
  }

  @Test
  void refusesTypesAGraphDoesNotHave() {
    String computed =
        "one of FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, BOOL, UINT32, UINT64";
    String floats = " (or FLOAT16, BFLOAT16, DOUBLE, read as FLOAT), found ";
    String stored = computed + ", UINT4, INT4" + floats;
    refusesTensor(tensor("w", DataType.STRING_VALUE, 1), stored + "STRING");
    refusesTensor(tensor("w", DataType.COMPLEX64_VALUE, 1), stored + "COMPLEX64");
    refusesTensor(tensor("w", 99, 1), stored + "the element type 99");
    refuses(
        g -> g.addInput(value("s", DataType.STRING_VALUE, 1L)).addNode(RELU),
        "input `s`: expected " + computed + floats + "STRING");
    refuses(
        g -> g.addInput(value("s", DataType.INT4_VALUE, 1L)).addNode(RELU),
        "input `s`: expected " + computed + floats + "INT4");
  }

  @Test
  void refusesElementsOutOfTheirTypesRange() {
    refusesTensor(
        tensor("w", DataType.INT8_VALUE, 2).addInt32Data(1).addInt32Data(200),
        "INT8 elements of -128 to 127, found 200 at index 1");
  }

  @Test
  void refusesSegmentsAndSparseTensors() {
    refusesTensor(
        tensor("w", FLOAT, 1).setSegment(TensorProto.Segment.newBuilder().setBegin(0)),
        "a whole tensor, found a segment of one");
    refuses(
        g ->
            g.addSparseInitializer(SparseTensorProto.newBuilder().setValues(floats("w", 1)))
                .addNode(RELU),
        "initializer `w`: expected a dense tensor, found a sparse one");
  }

  @Test
  void refusesInputsThatNothingWrites() {
    refuses(
        g ->
            g.addInitializer(floats("conv1.weight", 1))
                .addNode(node("Mul", List.of("x", "conv1.w"), "y").setName("mul")),
        "Mul node `mul`: expected its input `conv1.w`, found nothing that writes it; did you mean"
            + " `conv1.weight`?");
  }

  @Test
  void refusesOutputsThatNothingWrites() {
    refuses(
        g -> g.addOutput(value("y2", FLOAT, 1L)).addNode(RELU),
        "output `y2`: expected a node that writes it, found none; did you mean `y` or `x`?");
    refuses(g -> g.clearOutput().addNode(RELU), "graph: expected at least one output, found none");
  }

  @Test
  void refusesCyclesAndNamesTheirNodesOnly() {
    refuses(
        g ->
            g.addNode(node("Relu", List.of("c"), "y").setName("after"))
                .addNode(node("Add", List.of("x", "c"), "b").setName("add"))
                .addNode(node("Sigmoid", List.of("b"), "c")),
        "graph: expected an order in which nodes can run, found a cycle of Add node `add`, Sigmoid"
            + " node without a name that writes [c]");
    refuses(
        g -> g.addNode(node("Add", List.of("x", "y"), "y").setName("self")),
        "graph: expected an order in which nodes can run, found a cycle of Add node `self`");
  }

  @Test
  void refusesNamesUsedTwice() {
    refuses(
        g -> g.addNode(RELU).addNode(node("Relu", List.of("x"), "z").setName("relu")),
        "Relu node `relu`: expected a name of its own, found a second node of that name");
    refuses(
        g -> g.addNode(RELU).addNode(RELU.toBuilder().setName("other")),
        "Relu node `other`: expected every tensor written once, found a second `y`");
    refuses(
        g -> g.addInitializer(floats("y", 1)).addNode(RELU),
        "Relu node `relu`: expected every tensor written once, found a second `y`");
    refuses(
        g -> g.addNode(node("Relu", List.of("x"), "x").setName("r")).addNode(RELU),
        "Relu node `r`: expected every tensor written once, found a second `x`");
    refuses(
        g -> g.addInitializer(floats("w", 1)).addInitializer(floats("w", 1)).addNode(RELU),
        "initializer `w`: expected one initializer of that name, found a second one");
    refuses(
        g -> g.addInput(value("x", FLOAT, 1L)).addNode(RELU),
        "input `x`: expected one input of that name, found a second one");
    refuses(
        g -> g.addOutput(value("y", FLOAT, 1L)).addNode(RELU),
        "output `y`: expected one output of that name, found a second one");
    refuses(
        g ->
            g.addNode(RELU.toBuilder().addAttribute(integer("a", 1)).addAttribute(integer("a", 1))),
        "Relu node `relu`, attribute `a`: expected one value, found the attribute twice");
  }

  @Test
  void refusesMissingNames() {
    refuses(
        g -> g.addInitializer(floats("", 1)).addNode(RELU),
        "initializer ``: expected a name, found none");
    refuses(
        g -> g.addInput(value("", FLOAT, 1L)).addNode(RELU),
        "input ``: expected a name, found none");
    refuses(
        g -> g.addNode(RELU).addNode(node("Relu", List.of("x")).setName("r")),
        "Relu node `r`: expected at least one output, found none");
  }

  @Test
  void refusesInputsThatAreNoTensorsOfAKnownRank() {
    refuses(
        g ->
            g.addInput(
                    ValueInfoProto.newBuilder()
                        .setName("s")
                        .setType(
                            TypeProto.newBuilder()
                                .setSequenceType(TypeProto.Sequence.getDefaultInstance())))
                .addNode(RELU),
        "input `s`: expected a tensor, found SEQUENCE_TYPE");
    refuses(
        g ->
            g.addInput(
                    ValueInfoProto.newBuilder()
                        .setName("s")
                        .setType(
                            TypeProto.newBuilder()
                                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(FLOAT))))
                .addNode(RELU),
        "input `s`: expected a shape (ONNX's own shape inference can add it to the file), found"
            + " none");
    refuses(
        g -> g.addInput(value("s", FLOAT, -2L)).addNode(RELU),
        "input `s`: expected dimensions of 0 or more, found -2");
  }

  @Test
  void refusesControlFlowAllAtOnce() {
    NodeProto.Builder branch =
        RELU.toBuilder()
            .setOpType("If")
            .addAttribute(
                attribute("then_branch", AttributeType.GRAPH)
                    .setG(GraphProto.getDefaultInstance()));
    refuses(
        g ->
            g.addNode(branch.clone().setName("a"))
                .addNode(branch.clone().setName("b").setOutput(0, "z")),
        "graph: expected no control flow but `If` with a constant condition, found subgraphs in If"
            + " node `a`, If node `b`");
  }

  @Test
  void refusesAttributesThatAreNoNumbersTextsOrTensors() {
    refuses(
        g ->
            g.addNode(
                RELU.toBuilder()
                    .addAttribute(
                        attribute("t", AttributeType.TYPE_PROTO)
                            .setTp(TypeProto.getDefaultInstance()))),
        "Relu node `relu`, attribute `t`: expected an integer, float, text, tensor, or list of"
            + " them, found TYPE_PROTO");
    refuses(
        g ->
            g.addNode(
                RELU.toBuilder()
                    .addAttribute(
                        attribute("s", AttributeType.STRING)
                            .setS(ByteString.copyFrom(new byte[] {(byte) 0xff})))),
        "Relu node `relu`, attribute `s`: expected a text in UTF-8, found 1 other bytes");
  }

  @Test
  void refusesConstantsThatAreNoNumbers() {
    refuses(
        g ->
            g.addNode(RELU)
                .addNode(
                    node("Constant", List.of(), "c")
                        .addAttribute(
                            attribute("value_string", AttributeType.STRING)
                                .setS(ByteString.copyFromUtf8("a")))),
        "Constant node without a name that writes [c]: expected numbers as its value, found the"
            + " attribute `value_string`");
    refuses(
        g -> g.addNode(RELU).addNode(node("Constant", List.of(), "c").setName("k")),
        "Constant node `k`: expected one value and one output, found 0 attributes and 1 outputs");
  }

  @Test
  void refusesAModelWithoutOperatorSet() {
    byte[] bytes = Models.model(g -> g.addNode(RELU)).clearOpsetImport().build().toByteArray();
    assertThatThrownBy(() -> OnnxReader.read("m", bytes))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage("m: opset_import: expected a version of ONNX's own operator set, found none");
  }
}
