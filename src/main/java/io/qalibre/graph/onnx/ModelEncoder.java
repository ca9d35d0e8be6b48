package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Encodes a graph as a model. */
final class ModelEncoder {
  /** The most bytes of weights: room for everything else in the 2 GiB that protobuf can hold. */
  static final long MOST_WEIGHTS = Integer.MAX_VALUE - (64L << 20);

  private final String file;
  private final Graph graph;
  private final WeightStorage storage;
  private final AttributeEncoder attributes;

  /**
   * Creates an encoder.
   *
   * @param file the name that errors give the model
   */
  ModelEncoder(String file, Graph graph, WeightStorage storage) {
    this.file = file;
    this.graph = graph;
    this.storage = storage;
    this.attributes = new AttributeEncoder(file);
  }

  /**
   * The model, with all weights in it, however many.
   *
   * @throws OnnxFormatException if the graph has quantizers, or attributes of other types than a
   *     file has
   */
  ModelProto.Builder encode() {
    refuseQuantizers();
    ModelInfo info = graph.info();
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(Math.max(info.irVersion(), IrVersions.forOpset(info.opset())))
            .setProducerName(info.producer())
            .setDocString(info.doc())
            .setGraph(encodeGraph())
            .addOpsetImport(opset("", info.opset()));
    AnnotationEncoder annotations = new AnnotationEncoder(file, graph);
    Map<String, Long> opsets = annotations.opsets();
    domains().forEach(domain -> opsets.putIfAbsent(domain, 1L));
    opsets.forEach((domain, version) -> model.addOpsetImport(opset(domain, version)));
    info.properties()
        .forEach(
            (key, value) ->
                model.addMetadataProps(
                    StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    annotations.annotate(model);
    return model;
  }

  private void refuseQuantizers() {
    List<String> quantizers = graph.quantizers().stream().map(QuantizerNode::name).toList();
    if (!quantizers.isEmpty()) {
      throw new OnnxFormatException(
          file,
          "graph",
          "ONNX operators only",
          quantizers.size() + " quantizers, first `" + quantizers.get(0) + "`");
    }
  }

  private GraphProto encodeGraph() {
    GraphProto.Builder proto = GraphProto.newBuilder().setName(graph.name());
    graph.inputs().forEach(input -> proto.addInput(encode(input)));
    graph.outputs().forEach(output -> proto.addOutput(encode(output)));
    // Before the operators: nodes of a file are in order of execution, and these widen weights.
    encodeInitializers(proto);
    graph.operators().forEach(node -> proto.addNode(encode(node)));
    return proto.build();
  }

  private void encodeInitializers(GraphProto.Builder proto) {
    if (storage == WeightStorage.FLOAT) {
      graph.initializers().forEach((name, tensor) -> encode(name, tensor, proto));
      return;
    }
    HalfWeights halves = new HalfWeights(graph);
    graph
        .initializers()
        .forEach(
            (name, tensor) -> {
              if (!halves.add(name, tensor, proto)) {
                encode(name, tensor, proto);
              }
            });
  }

  private static void encode(String name, Tensor tensor, GraphProto.Builder proto) {
    proto.addInitializer(AttributeEncoder.encode(name, tensor));
  }

  private NodeProto encode(OperatorNode node) {
    int colons = node.type().lastIndexOf("::");
    NodeProto.Builder proto =
        NodeProto.newBuilder()
            .setName(node.name())
            .setOpType(colons < 0 ? node.type() : node.type().substring(colons + 2))
            .addAllInput(node.inputs())
            .addAllOutput(node.outputs());
    if (colons >= 0) {
      proto.setDomain(node.type().substring(0, colons));
    }
    node.attributes()
        .values()
        .forEach((name, value) -> proto.addAttribute(attributes.encode(node.name(), name, value)));
    return proto.build();
  }

  private static ValueInfoProto encode(ValueInfo value) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    value.shape().dims().forEach(dim -> shape.addDim(encode(dim)));
    TypeProto.Tensor.Builder tensor =
        TypeProto.Tensor.newBuilder().setElemType(value.type().onnx()).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(value.name())
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  private static Dimension encode(Dim dim) {
    Dimension.Builder proto = Dimension.newBuilder();
    String symbol = dim.symbol();
    if (symbol != null) {
      proto.setDimParam(symbol);
    } else if (dim.known()) {
      proto.setDimValue(dim.size());
    }
    return proto.build();
  }

  /** The domains of nodes outside ONNX's own. */
  private Set<String> domains() {
    Set<String> domains = new TreeSet<>();
    for (OperatorNode node : graph.operators()) {
      int colons = node.type().lastIndexOf("::");
      if (colons >= 0) {
        domains.add(node.type().substring(0, colons));
      }
    }
    return domains;
  }

  private static OperatorSetIdProto opset(String domain, long version) {
    return OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version).build();
  }
}
