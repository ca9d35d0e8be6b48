package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.util.Pair;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** The recording of one run of a block: a graph in the making. */
final class Trace {
  private static final String BATCH_SYMBOL = "N";

  private final String name;
  private final long batch;
  private final List<ValueInfo> inputs = new ArrayList<>();
  private final List<OperatorNode> nodes = new ArrayList<>();
  private final Map<String, Tensor> initializers = new java.util.LinkedHashMap<>();
  private final IdentityHashMap<NDArray, String> tensors = new IdentityHashMap<>();
  private final IdentityHashMap<NDArray, String> parameters = new IdentityHashMap<>();
  private final Map<String, Integer> counts = new HashMap<>();

  /**
   * Starts a recording.
   *
   * @param batch the batch size of the run
   */
  Trace(String name, Block block, long batch) {
    this.name = name;
    this.batch = batch;
    for (Pair<String, ai.djl.nn.Parameter> parameter : block.getParameters()) {
      parameters.put(parameter.getValue().getArray(), parameter.getValue().getName());
    }
  }

  /** Declares an input; returns the array to run the block with. */
  NDArray input(String tensor, NDArray real) {
    inputs.add(new ValueInfo(tensor, DataType.FLOAT, shape(real)));
    tensors.put(real, tensor);
    return RecordingArray.wrap(this, real);
  }

  /** The batch size of the run. */
  long batch() {
    return batch;
  }

  /** Says that an array holds a tensor, and returns the array that goes on recording. */
  NDArray result(NDArray real, String tensor) {
    tensors.put(real, tensor);
    return RecordingArray.wrap(this, real);
  }

  /**
   * The tensor that an array holds. Parameters and constants become initializers when first used.
   *
   * @param owner the node that uses it; a parameter is named after the first one
   */
  String tensor(NDArray real, String owner) {
    String known = tensors.get(real);
    if (known != null) {
      return known;
    }
    String kind = parameters.get(real);
    String tensor = kind == null ? next("constant") : owner + "." + kind;
    tensors.put(real, tensor);
    initializers.put(tensor, Transfer.toTensor(real));
    return tensor;
  }

  /** A new constant. */
  String constant(String tensor, Tensor value) {
    initializers.put(tensor, value);
    return tensor;
  }

  /** A name that no node has yet, such as {@code conv1}. */
  String next(String prefix) {
    return prefix + counts.merge(prefix, 1, Integer::sum);
  }

  /** Records an operator; its only output bears its name. */
  String node(String node, String type, List<String> reads, Map<String, Object> attributes) {
    nodes.add(new OperatorNode(node, type, reads, List.of(node), new Attributes(attributes)));
    return node;
  }

  /** The graph from the inputs to these outputs. */
  Graph graph(NDList outputs) {
    GraphBuilder builder = new GraphBuilder(name);
    inputs.forEach(builder::input);
    Map<String, String> renamed = new HashMap<>();
    for (int i = 0; i < outputs.size(); i++) {
      NDArray real = RecordingArray.unwrap(outputs.get(i));
      String tensor = tensor(real, name);
      boolean computed = nodes.stream().anyMatch(n -> n.output().equals(tensor));
      String output = outputs.size() == 1 ? "output" : "output" + (i + 1);
      if (computed && !renamed.containsKey(tensor)) {
        renamed.put(tensor, output);
      } else {
        node(output, "Identity", List.of(tensor), Map.of());
      }
      builder.output(new ValueInfo(output, DataType.FLOAT, shape(real)));
    }
    initializers.forEach(builder::initializer);
    return builder.nodes(rename(renamed)).withoutUnusedInitializers().build();
  }

  private List<Node> rename(Map<String, String> renamed) {
    return nodes.stream()
        .map(
            n ->
                (Node)
                    n.withInputs(n.inputs().stream().map(t -> renamed.getOrDefault(t, t)).toList())
                        .withOutputs(
                            n.outputs().stream().map(t -> renamed.getOrDefault(t, t)).toList()))
        .toList();
  }

  private TensorShape shape(NDArray real) {
    TensorShape shape = TensorShape.of(real.getShape().getShape());
    return shape.rank() > 0 && shape.dim(0).equals(Dim.of(batch))
        ? shape.with(0, Dim.symbolic(BATCH_SYMBOL))
        : shape;
  }
}
