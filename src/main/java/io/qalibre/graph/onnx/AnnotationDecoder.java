package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.qalibre.graph.Annotations;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Sets aside what a model says beyond its network: a model of its own, in which nodes and tensors
 * have nothing but their names, descriptions, metadata, and the fields that are not known here.
 */
final class AnnotationDecoder {
  private static final List<String> KEPT = List.of("doc_string", "metadata_props");

  private final ModelProto model;
  private final ModelProto.Builder kept = ModelProto.newBuilder();

  AnnotationDecoder(ModelProto model) {
    this.model = model;
  }

  /**
   * The annotations.
   *
   * @param inlined what the graph has become
   * @param nodes the nodes that are left, by the names they have in the graph
   */
  Annotations decode(Inlined inlined, Map<String, NodeProto> nodes) {
    if (model.hasProducerVersion()) {
      // The producer's name tells later whether the version is still its own.
      kept.setProducerName(model.getProducerName()).setProducerVersion(model.getProducerVersion());
    }
    if (model.hasDomain()) {
      kept.setDomain(model.getDomain());
    }
    if (model.hasModelVersion()) {
      kept.setModelVersion(model.getModelVersion());
    }
    kept.setUnknownFields(model.getUnknownFields());
    keepOpsets(nodes.values());
    GraphProto.Builder graph = keepGraph(inlined, nodes);
    if (graph.build().getSerializedSize() > 0) {
      kept.setGraph(graph);
    }
    return new Annotations(kept.build().toByteArray());
  }

  /** Domains that only held functions need no version: their functions are inlined. */
  private void keepOpsets(Iterable<NodeProto> nodes) {
    Set<String> used = new HashSet<>();
    nodes.forEach(node -> used.add(node.getDomain()));
    Set<String> ofFunctions = new HashSet<>();
    model.getFunctionsList().forEach(function -> ofFunctions.add(function.getDomain()));
    Map<String, OperatorSetIdProto> opsets = new LinkedHashMap<>();
    for (OperatorSetIdProto opset : model.getOpsetImportList()) {
      if (used.contains(opset.getDomain()) || !ofFunctions.contains(opset.getDomain())) {
        opsets.putIfAbsent(opset.getDomain(), opset);
      }
    }
    for (FunctionProto function : model.getFunctionsList()) {
      for (OperatorSetIdProto opset : function.getOpsetImportList()) {
        if (used.contains(opset.getDomain())) {
          opsets.putIfAbsent(opset.getDomain(), opset);
        }
      }
    }
    opsets.keySet().removeAll(List.of("", "ai.onnx"));
    // The writer gives domains in use version 1 by itself.
    opsets.values().removeIf(o -> o.getVersion() == 1 && used.contains(o.getDomain()));
    kept.addAllOpsetImport(opsets.values());
  }

  private GraphProto.Builder keepGraph(Inlined inlined, Map<String, NodeProto> nodes) {
    GraphProto source = model.getGraph();
    GraphProto.Builder graph = GraphProto.newBuilder();
    keep(source, graph);
    source.getInputList().stream().filter(AnnotationDecoder::says).forEach(graph::addInput);
    source.getOutputList().stream().filter(AnnotationDecoder::says).forEach(graph::addOutput);
    for (TensorProto initializer : inlined.initializers()) {
      TensorProto.Builder tensor = TensorProto.newBuilder();
      if (keep(initializer, tensor)) {
        graph.addInitializer(tensor.setName(initializer.getName()));
      }
    }
    for (ValueInfoProto value : inlined.values()) {
      // A tensor of these types may have become FLOAT in the graph.
      if (!ElementTypes.becomesFloat(value.getType().getTensorType().getElemType())) {
        graph.addValueInfo(value);
      }
    }
    graph.addAllQuantizationAnnotation(source.getQuantizationAnnotationList());
    nodes.forEach((name, node) -> keepNode(name, node, graph));
    return graph;
  }

  private static void keepNode(String name, NodeProto source, GraphProto.Builder graph) {
    NodeProto.Builder node = NodeProto.newBuilder();
    boolean says = keep(source, node);
    for (AttributeProto attribute : source.getAttributeList()) {
      AttributeProto.Builder said = AttributeProto.newBuilder();
      if (keep(attribute, said)) {
        node.addAttribute(said.setName(attribute.getName()));
        says = true;
      }
    }
    if (says) {
      graph.addNode(node.setName(name));
    }
  }

  /**
   * Copies description, metadata and unknown fields.
   *
   * @return whether there are any
   */
  private static boolean keep(Message source, Message.Builder target) {
    for (String name : KEPT) {
      FieldDescriptor field = source.getDescriptorForType().findFieldByName(name);
      if (field != null && source.getAllFields().containsKey(field)) {
        target.setField(field, source.getField(field));
      }
    }
    target.setUnknownFields(source.getUnknownFields());
    return !target.getAllFields().isEmpty() || !source.getUnknownFields().asMap().isEmpty();
  }

  /** Whether an input or output says more than its name, type and shape. */
  private static boolean says(ValueInfoProto value) {
    TypeProto type = value.getType();
    return keep(value, ValueInfoProto.newBuilder())
        || type.hasDenotation()
        || type.getTensorType().getShape().getDimList().stream().anyMatch(Dimension::hasDenotation);
  }
}
