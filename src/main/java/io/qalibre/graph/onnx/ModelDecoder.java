package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Decodes a parsed model. */
final class ModelDecoder {
  private final OnnxFile file;
  private final ModelProto model;
  private final GraphProto proto;
  private final TensorDecoder tensors;
  private final AttributeDecoder attributes;

  ModelDecoder(OnnxFile file, ModelProto model) {
    this.file = file;
    this.model = model;
    this.proto = model.getGraph();
    this.tensors = new TensorDecoder(file);
    this.attributes = new AttributeDecoder(file, tensors);
  }

  /**
   * The graph.
   *
   * @throws OnnxFormatException if the model is not one that a graph can hold
   */
  Graph decode() {
    refuseUnreadable();
    Inlined inlined = new Inliner(file, model, tensors).inline();
    Branches.refuseAny(file, inlined.nodes());
    refuseWithoutOutputs(inlined.nodes());
    Constants constants = new Constants(file, tensors, inlined.initializers());
    List<ValueInfo> inputs = inputs(constants.names());
    List<ValueInfo> outputs = values("output", proto.getOutputList());
    Set<String> given = new HashSet<>(constants.names());
    inputs.forEach(input -> given.add(input.name()));
    NodeOrder order = new NodeOrder(file, inlined.nodes(), given);
    for (ValueInfo output : outputs) {
      if (!order.writes(output.name())) {
        throw file.error(
            "output `" + output.name() + "`",
            "a node that writes it",
            "none" + order.near(output.name()));
      }
    }
    GraphBuilder builder = new GraphBuilder(name()).info(info());
    inputs.forEach(builder::input);
    outputs.forEach(builder::output);
    List<NodeProto> nodes = constants.absorb(order.sorted());
    Set<String> results = outputs.stream().map(ValueInfo::name).collect(Collectors.toSet());
    constants.needed(nodes, results).forEach(builder::initializer);
    Map<String, NodeProto> named = new NodeNames(file, nodes).named();
    named.forEach((name, node) -> builder.node(node(name, node)));
    return builder.annotations(new AnnotationDecoder(model).decode(inlined, named)).build();
  }

  /** Refuses what a graph cannot hold. */
  private void refuseUnreadable() {
    if (proto.getSparseInitializerCount() > 0) {
      throw file.error(
          "initializer `" + proto.getSparseInitializer(0).getValues().getName() + "`",
          "a dense tensor",
          "a sparse one");
    }
    if (proto.getOutputCount() == 0) {
      throw file.error("graph", "at least one output", "none");
    }
  }

  private void refuseWithoutOutputs(List<NodeProto> nodes) {
    for (NodeProto node : nodes) {
      if (node.getOutputList().stream().allMatch(String::isEmpty)) {
        throw file.error(NodeOrder.label(node), "at least one output", "none");
      }
    }
  }

  /** The inputs that data is given for: the first format version lists initializers as well. */
  private List<ValueInfo> inputs(Set<String> initializers) {
    return values(
        "input",
        proto.getInputList().stream().filter(i -> !initializers.contains(i.getName())).toList());
  }

  private List<ValueInfo> values(String kind, List<ValueInfoProto> protos) {
    ValueInfoDecoder decoder = new ValueInfoDecoder(file);
    Set<String> names = new HashSet<>();
    List<ValueInfo> values = new ArrayList<>();
    for (ValueInfoProto value : protos) {
      if (!names.add(value.getName())) {
        throw file.error(
            kind + " `" + value.getName() + "`", "one " + kind + " of that name", "a second one");
      }
      values.add(decoder.decode(kind, value));
    }
    return values;
  }

  private OperatorNode node(String name, NodeProto node) {
    String type =
        Constants.isOnnx(node) ? node.getOpType() : node.getDomain() + "::" + node.getOpType();
    return new OperatorNode(
        name,
        type,
        node.getInputList(),
        node.getOutputList(),
        attributes.decode(NodeOrder.label(node), node));
  }

  private String name() {
    if (!proto.getName().isEmpty()) {
      return proto.getName();
    }
    String last = file.name().substring(file.name().lastIndexOf('/') + 1);
    return last.endsWith(".onnx") ? last.substring(0, last.length() - 5) : last;
  }

  private ModelInfo info() {
    Map<String, String> properties = new LinkedHashMap<>();
    model.getMetadataPropsList().forEach(p -> properties.put(p.getKey(), p.getValue()));
    return new ModelInfo(
        opset(), model.getIrVersion(), model.getProducerName(), model.getDocString(), properties);
  }

  private long opset() {
    return model.getOpsetImportList().stream()
        .filter(set -> set.getDomain().isEmpty() || set.getDomain().equals("ai.onnx"))
        .map(OperatorSetIdProto::getVersion)
        .findFirst()
        .orElseThrow(
            () -> file.error("opset_import", "a version of ONNX's own operator set", "none"));
  }
}
