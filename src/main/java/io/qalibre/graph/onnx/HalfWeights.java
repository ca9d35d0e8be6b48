package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.HalfFloats;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.HashSet;
import java.util.Set;

/** Encodes weights as {@link WeightStorage#FLOAT16}. */
final class HalfWeights {
  private static final String INITIALIZER = "_f16";
  private static final String NODE = "_widen";

  private final Set<String> taken = new HashSet<>();

  HalfWeights(Graph graph) {
    graph.inputs().forEach(input -> taken.add(input.name()));
    taken.addAll(graph.initializers().keySet());
    for (OperatorNode node : graph.operators()) {
      taken.add(node.name());
      taken.addAll(node.outputs());
    }
  }

  /**
   * Adds a weight and its Cast, if it can be stored so; a name that the graph has already is left
   * alone.
   *
   * @return whether it was added
   */
  boolean add(String weight, Tensor value, GraphProto.Builder proto) {
    String initializer = weight + INITIALIZER;
    String node = weight + NODE;
    if (taken.contains(initializer) || taken.contains(node) || !isStorable(value)) {
      return false;
    }
    proto.addInitializer(AttributeEncoder.encode(initializer, HalfFloats.narrowed(value)));
    proto.addNode(
        NodeProto.newBuilder()
            .setName(node)
            .setOpType("Cast")
            .addInput(initializer)
            .addOutput(weight)
            .addAttribute(
                AttributeProto.newBuilder()
                    .setName("to")
                    .setType(AttributeType.INT)
                    .setI(DataType.FLOAT.onnx())));
    return true;
  }

  private static boolean isStorable(Tensor value) {
    if (value.type() != DataType.FLOAT || value.rank() < 2) {
      return false;
    }
    for (float number : value.floats()) {
      // false for NaN as well
      if (!(Math.abs(number) <= HalfFloats.LARGEST)) {
        return false;
      }
    }
    return true;
  }
}
