package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import io.qalibre.graph.Graph;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;

/** Small models made in code. */
final class Models {
  static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;

  private Models() {}

  /** A model {@code x[N,2] → … → y[N,2]} whose graph is completed by the test. */
  static ModelProto.Builder model(Consumer<GraphProto.Builder> complete) {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("small")
            .addInput(value("x", FLOAT, "N", 2L))
            .addOutput(value("y", FLOAT, "N", 2L));
    complete.accept(graph);
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
        .setGraph(graph);
  }

  /** Reads a model whose graph is completed by the test. */
  static Graph read(Consumer<GraphProto.Builder> complete) {
    return OnnxReader.read("small.onnx", model(complete).build().toByteArray());
  }

  /** Reads a model with functions of its own whose graph is completed by the test. */
  static Graph read(Consumer<GraphProto.Builder> complete, FunctionProto.Builder... functions) {
    ModelProto.Builder model = model(complete);
    List.of(functions).forEach(model::addFunctions);
    return OnnxReader.read("small.onnx", model.build().toByteArray());
  }

  /** A function of the domain {@code own}. */
  static FunctionProto.Builder function(
      String name, List<String> inputs, List<String> outputs, NodeProto.Builder... nodes) {
    FunctionProto.Builder function =
        FunctionProto.newBuilder()
            .setDomain("own")
            .setName(name)
            .addAllInput(inputs)
            .addAllOutput(outputs);
    List.of(nodes).forEach(function::addNode);
    return function;
  }

  /** A call of such a function. */
  static NodeProto.Builder call(String function, List<String> inputs, String... outputs) {
    return node(function, inputs, outputs).setDomain("own");
  }

  /** An {@code If} and its two branches. */
  static NodeProto.Builder branch(
      String condition, GraphProto.Builder yes, GraphProto.Builder no, String... outputs) {
    return node("If", List.of(condition), outputs)
        .addAttribute(attribute("then_branch", AttributeType.GRAPH).setG(yes))
        .addAttribute(attribute("else_branch", AttributeType.GRAPH).setG(no));
  }

  /** The graph of a branch. */
  static GraphProto.Builder graph(String output, NodeProto.Builder... nodes) {
    GraphProto.Builder graph =
        GraphProto.newBuilder().setName("branch").addOutput(value(output, FLOAT));
    List.of(nodes).forEach(graph::addNode);
    return graph;
  }

  /** A truth value that is an initializer. */
  static TensorProto truth(String name, boolean value) {
    return tensor(name, TensorProto.DataType.BOOL_VALUE).addInt32Data(value ? 1 : 0).build();
  }

  /** Nodes as {@code name: Type(inputs) → outputs}. */
  static List<String> describe(Graph graph) {
    return graph.operators().stream()
        .map(
            n ->
                "%s: %s(%s) → %s"
                    .formatted(
                        n.name(),
                        n.type(),
                        String.join(", ", n.inputs()),
                        String.join(", ", n.outputs())))
        .toList();
  }

  static NodeProto.Builder node(String type, List<String> inputs, String... outputs) {
    return NodeProto.newBuilder()
        .setOpType(type)
        .addAllInput(inputs)
        .addAllOutput(List.of(outputs));
  }

  /** An input or output; sizes are numbers, names, or empty for unknown ones. */
  static ValueInfoProto value(String name, int type, Object... sizes) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (Object size : sizes) {
      Dimension.Builder dim = Dimension.newBuilder();
      if (size instanceof Long number) {
        dim.setDimValue(number);
      } else if (!size.toString().isEmpty()) {
        dim.setDimParam(size.toString());
      }
      shape.addDim(dim);
    }
    TypeProto.Tensor.Builder tensor =
        TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  static TensorProto.Builder tensor(String name, int type, long... dims) {
    TensorProto.Builder proto = TensorProto.newBuilder().setName(name).setDataType(type);
    for (long dim : dims) {
      proto.addDims(dim);
    }
    return proto;
  }

  static TensorProto floats(String name, float... values) {
    return tensor(name, FLOAT, values.length).setRawData(raw(values)).build();
  }

  static ByteString raw(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return ByteString.copyFrom(bytes);
  }

  static AttributeProto.Builder attribute(String name, AttributeType type) {
    return AttributeProto.newBuilder().setName(name).setType(type);
  }

  static AttributeProto integer(String name, long value) {
    return attribute(name, AttributeType.INT).setI(value).build();
  }
}
