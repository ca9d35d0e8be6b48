package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorAnnotation;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.InvalidProtocolBufferException;
import io.qalibre.graph.Graph;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Puts annotations back into a model, as far as their nodes and tensors are still there. */
final class AnnotationEncoder {
  private final ModelProto kept;

  /**
   * Takes the annotations of a graph.
   *
   * @param file the name that errors give the model
   * @throws OnnxFormatException if they are none that the reader has made
   */
  AnnotationEncoder(String file, Graph graph) {
    try {
      kept = ModelProto.parseFrom(graph.annotations().message());
    } catch (InvalidProtocolBufferException e) {
      throw new OnnxFormatException(
          file, "annotations", "those of a model that was read", graph.annotations().toString());
    }
  }

  /** The versions of operator sets other than ONNX's own, by domain. */
  Map<String, Long> opsets() {
    Map<String, Long> opsets = new LinkedHashMap<>();
    kept.getOpsetImportList().forEach(set -> opsets.put(set.getDomain(), set.getVersion()));
    return opsets;
  }

  /** Adds what is kept of the model itself, and of its graph. */
  void annotate(ModelProto.Builder model) {
    ModelProto.Builder own = kept.toBuilder().clearGraph().clearOpsetImport().clearProducerName();
    if (!kept.getProducerName().equals(model.getProducerName())) {
      own.clearProducerVersion();
    }
    model.mergeFrom(own.build());
    annotate(model.getGraphBuilder());
  }

  private void annotate(GraphProto.Builder graph) {
    GraphProto own = kept.getGraph();
    annotateNodes(graph, byName(own.getNodeList(), NodeProto::getName));
    annotateValues(graph);
    Map<String, TensorProto> initializers = byName(own.getInitializerList(), TensorProto::getName);
    for (TensorProto.Builder initializer : graph.getInitializerBuilderList()) {
      @Nullable TensorProto said = initializers.get(initializer.getName());
      if (said != null) {
        initializer.mergeFrom(said);
      }
    }
    addTensors(graph);
    graph.mergeFrom(
        own.toBuilder()
            .clearNode()
            .clearInput()
            .clearOutput()
            .clearInitializer()
            .clearValueInfo()
            .clearQuantizationAnnotation()
            .build());
  }

  private static void annotateNodes(GraphProto.Builder graph, Map<String, NodeProto> kept) {
    for (int i = 0; i < graph.getNodeCount(); i++) {
      @Nullable NodeProto said = kept.get(graph.getNode(i).getName());
      if (said == null) {
        continue;
      }
      NodeProto.Builder node = graph.getNodeBuilder(i);
      node.mergeFrom(said.toBuilder().clearAttribute().build());
      Map<String, AttributeProto> attributes =
          byName(said.getAttributeList(), AttributeProto::getName);
      for (AttributeProto.Builder attribute : node.getAttributeBuilderList()) {
        @Nullable AttributeProto more = attributes.get(attribute.getName());
        if (more != null) {
          attribute.mergeFrom(more);
        }
      }
    }
  }

  private void annotateValues(GraphProto.Builder graph) {
    GraphProto own = kept.getGraph();
    Map<String, ValueInfoProto> inputs = byName(own.getInputList(), ValueInfoProto::getName);
    Map<String, ValueInfoProto> outputs = byName(own.getOutputList(), ValueInfoProto::getName);
    graph.getInputBuilderList().forEach(input -> annotate(input, inputs.get(input.getName())));
    graph.getOutputBuilderList().forEach(output -> annotate(output, outputs.get(output.getName())));
  }

  /** Type and shape are the graph's, whatever they were; the meaning of axes goes with the axes. */
  private static void annotate(ValueInfoProto.Builder value, @Nullable ValueInfoProto said) {
    if (said == null) {
      return;
    }
    value.mergeFrom(said.toBuilder().clearType().build());
    TypeProto type = said.getType();
    if (type.hasDenotation()) {
      value.getTypeBuilder().setDenotation(type.getDenotation());
    }
    TensorShapeProto before = type.getTensorType().getShape();
    TensorShapeProto.Builder shape =
        value.getTypeBuilder().getTensorTypeBuilder().getShapeBuilder();
    for (int i = 0; shape.getDimCount() == before.getDimCount() && i < shape.getDimCount(); i++) {
      if (before.getDim(i).hasDenotation()) {
        shape.getDimBuilder(i).setDenotation(before.getDim(i).getDenotation());
      }
    }
  }

  /** Adds what is said of tensors by name. */
  private void addTensors(GraphProto.Builder graph) {
    Set<String> inside = new HashSet<>();
    graph.getNodeList().forEach(node -> inside.addAll(node.getOutputList()));
    Map<String, TensorProto> initializers =
        byName(graph.getInitializerList(), TensorProto::getName);
    inside.addAll(initializers.keySet());
    Set<String> all = new HashSet<>(inside);
    graph.getInputList().forEach(input -> all.add(input.getName()));
    graph.getOutputList().forEach(output -> inside.remove(output.getName()));
    for (ValueInfoProto value : kept.getGraph().getValueInfoList()) {
      @Nullable TensorProto initializer = initializers.get(value.getName());
      // once each, should the file have had two
      if (inside.remove(value.getName())
          && (initializer == null || isOf(value.getType().getTensorType(), initializer))) {
        graph.addValueInfo(value);
      }
    }
    for (TensorAnnotation annotation : kept.getGraph().getQuantizationAnnotationList()) {
      List<String> parameters =
          annotation.getQuantParameterTensorNamesList().stream()
              .map(StringStringEntryProto::getValue)
              .toList();
      if (all.contains(annotation.getTensorName()) && all.containsAll(parameters)) {
        graph.addQuantizationAnnotation(annotation);
      }
    }
  }

  /** Whether a type is that of an initializer: its values may have been replaced. */
  private static boolean isOf(TypeProto.Tensor type, TensorProto initializer) {
    return type.getElemType() == initializer.getDataType()
        && type.getShape().getDimList().stream()
            .map(Dimension::getDimValue)
            .toList()
            .equals(initializer.getDimsList());
  }

  private static <T> Map<String, T> byName(List<T> list, Function<T, String> name) {
    Map<String, T> map = new HashMap<>();
    list.forEach(item -> map.put(name.apply(item), item));
    return map;
  }
}
