package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Works out which conditions of {@code If} are constant: those made of initializers, constants and
 * the sizes that the file declares, by comparisons and integer arithmetic, as exporters write them
 * ("is this axis 1?").
 */
final class Conditions {
  /** Chains of operators longer than this are taken for computed. */
  private static final int MOST_DEPTH = 64;

  private final SmallIntegers integers;
  private final Map<String, NodeProto> producers = new HashMap<>();
  private final Map<String, TensorProto> initializers = new HashMap<>();
  private final Map<String, List<Dimension>> declared = new HashMap<>();
  private final Map<String, Optional<long[]>> known = new HashMap<>();

  Conditions(TensorDecoder tensors, GraphProto graph) {
    this.integers = new SmallIntegers(tensors);
    graph.getInputList().forEach(this::declare);
    graph.getOutputList().forEach(this::declare);
    graph.getValueInfoList().forEach(this::declare);
    graph.getInitializerList().forEach(this::add);
    // Nodes of a file need not be in order.
    graph.getNodeList().forEach(this::add);
  }

  private void declare(ValueInfoProto value) {
    if (value.getType().getTensorType().hasShape()) {
      declared.put(value.getName(), value.getType().getTensorType().getShape().getDimList());
    }
  }

  /** Takes note of an initializer. */
  void add(TensorProto initializer) {
    initializers.put(initializer.getName(), initializer);
  }

  /** Takes note of a node. */
  void add(NodeProto node) {
    node.getOutputList().forEach(output -> producers.put(output, node));
  }

  /** The value of a condition, where it is constant. */
  Optional<Boolean> of(String tensor) {
    return value(tensor, 0)
        .filter(v -> v.length == 1 && v[0] != SmallIntegers.UNKNOWN)
        .map(v -> v[0] != 0);
  }

  private Optional<long[]> value(String tensor, int depth) {
    @Nullable Optional<long[]> before = known.get(tensor);
    if (before != null) {
      return before;
    }
    if (depth > MOST_DEPTH) {
      return Optional.empty();
    }
    // Found again below it is a cycle, which has no value.
    known.put(tensor, Optional.empty());
    Optional<long[]> value = compute(tensor, depth);
    known.put(tensor, value);
    return value;
  }

  private Optional<long[]> compute(String tensor, int depth) {
    @Nullable TensorProto initializer = initializers.get(tensor);
    if (initializer != null) {
      return integers.of("initializer `" + tensor + "`", initializer);
    }
    @Nullable NodeProto node = producers.get(tensor);
    if (node == null || !Constants.isOnnx(node) || node.getOutputCount() != 1) {
      return Optional.empty();
    }
    if (node.getOpType().equals("Constant")) {
      return integers.of(node);
    }
    if (node.getOpType().equals("Shape") && node.getInputCount() == 1) {
      return Optional.ofNullable(declared.get(node.getInput(0)))
          .map(dims -> SmallIntegers.sizes(node, dims));
    }
    return switch (node.getInputCount()) {
      case 1 -> value(node.getInput(0), depth + 1).flatMap(a -> SmallIntegers.unary(node, a));
      case 2 ->
          value(node.getInput(0), depth + 1)
              .flatMap(
                  a ->
                      value(node.getInput(1), depth + 1)
                          .flatMap(b -> SmallIntegers.binary(node, a, b)));
      default -> Optional.empty();
    };
  }
}
