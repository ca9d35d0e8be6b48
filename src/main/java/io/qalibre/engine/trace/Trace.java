package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The recording of one run of a block: a graph in the making. */
final class Trace implements CallListener {
  /**
   * A tensor that another was reshaped from.
   *
   * @param tensor the tensor
   * @param shape its shape
   */
  record View(String tensor, TracedShape shape) {}

  private final TraceOptions options;
  private final BatchShapes shapes;
  private final List<ValueInfo> inputs = new ArrayList<>();
  private final List<OperatorNode> nodes = new ArrayList<>();
  private final Map<String, Tensor> initializers = new LinkedHashMap<>();
  private final IdentityHashMap<NDArray, String> tensors = new IdentityHashMap<>();
  private final IdentityHashMap<NDArray, String> constants = new IdentityHashMap<>();
  private final IdentityHashMap<NDArray, String> parameters = new IdentityHashMap<>();
  private final Map<String, View> views = new HashMap<>();
  private final Map<String, Integer> counts = new HashMap<>();

  /**
   * Starts a recording.
   *
   * @param shapes the shapes of a run with another batch size
   */
  Trace(Block block, BatchShapes shapes, TraceOptions options) {
    this.options = options;
    this.shapes = shapes;
    for (Pair<String, Parameter> parameter : block.getParameters()) {
      parameters.put(parameter.getValue().getArray(), parameter.getValue().getName());
    }
  }

  /** Declares an input; returns the array to run the block with. */
  NDArray input(ValueInfo input, NDArray real) {
    inputs.add(input);
    tensors.put(real, input.name());
    return RecordingArray.wrap(this, real);
  }

  /** How the trace is made. */
  TraceOptions options() {
    return options;
  }

  /**
   * Records a call. What is computed from constants only is a constant, and so is what depends on
   * no more than an array's shape.
   */
  @Override
  public void called(Call call) {
    shapes.follow(call);
    boolean shapeOnly = call.name().equals("onesLike") || call.name().equals("zerosLike");
    if (shapeOnly || call.reads().stream().noneMatch(this::live)) {
      return;
    }
    List<String> found =
        TracedCalls.ALL
            .find(call.name())
            .orElseThrow(() -> untraceable(call))
            .apply(new TracedCall(this, call));
    for (int i = 0; i < found.size(); i++) {
      tensors.put(call.results().get(i), found.get(i));
    }
  }

  private static UntraceableBlockException untraceable(Call call) {
    return new UntraceableBlockException(
        "the block calls "
            + call.declared()
            + ", which cannot be traced; traced calls: "
            + String.join(", ", TracedCalls.ALL.methods()));
  }

  /** Whether an array is an input, a parameter, or computed from one. */
  boolean live(NDArray real) {
    return tensors.containsKey(real) || parameters.containsKey(real);
  }

  /** Whether an array is a parameter of the block. */
  boolean isParameter(NDArray real) {
    return parameters.containsKey(real) && !tensors.containsKey(real);
  }

  /** The shape of an array, for both batch sizes. */
  TracedShape shape(NDArray real) {
    return shapes.shape(real);
  }

  /**
   * The tensor that an array holds. Parameters and constants become initializers when first used.
   *
   * @param owner the node that uses it; the initializer is named after the first one
   */
  String tensor(NDArray real, String owner) {
    String known = tensors.getOrDefault(real, constants.get(real));
    if (known != null) {
      return known;
    }
    TracedShape shape = shape(real);
    String tensor =
        shape.varying().isEmpty()
            ? constant(initializerName(real, owner), Transfer.toTensor(real))
            : BatchConstants.expanded(this, real, owner);
    constants.put(real, tensor);
    return tensor;
  }

  private String initializerName(NDArray real, String owner) {
    return owner + "." + parameters.getOrDefault(real, "constant");
  }

  /** A new constant; another name is made where this one is taken. */
  String constant(String tensor, Tensor value) {
    String free = tensor;
    for (int i = 2; initializers.containsKey(free); i++) {
      free = tensor + i;
    }
    initializers.put(free, value);
    return free;
  }

  /** The number of samples, as a vector of one integer. */
  String batch() {
    String tensor = "batch";
    if (nodes.stream().noneMatch(n -> n.name().equals(tensor))) {
      ValueInfo input = inputs.stream().filter(i -> !i.shape().known()).findFirst().orElseThrow();
      long axis = 0;
      while (input.shape().dim((int) axis).known()) {
        axis++;
      }
      node(tensor, "Shape", List.of(input.name()), Map.of("start", axis, "end", axis + 1));
    }
    return tensor;
  }

  /** A name that no node has yet, such as {@code conv1}. */
  String next(String prefix) {
    return prefix + counts.merge(prefix, 1, Integer::sum);
  }

  /** Records an operator; its only output bears its name. */
  String node(String node, String type, List<String> reads, Map<String, Object> attributes) {
    return node(new OperatorNode(node, type, reads, List.of(node), new Attributes(attributes)));
  }

  /** Records an operator; returns its first output. */
  String node(OperatorNode node) {
    nodes.add(node);
    return node.output();
  }

  /** The operator that computes a tensor. */
  Optional<OperatorNode> producer(String tensor) {
    return nodes.stream().filter(n -> n.outputs().contains(tensor)).findFirst();
  }

  /** Records that a tensor is another one reshaped. */
  String reshaped(String tensor, View from) {
    views.put(tensor, from);
    return tensor;
  }

  /** What a tensor was reshaped from; the tensor itself if it was not. */
  View view(String tensor, NDArray real) {
    return views.getOrDefault(tensor, new View(tensor, shape(real)));
  }

  /** The graph from the inputs to these outputs. */
  Graph graph(String name, NDList outputs) {
    List<ValueInfo> infos = new ArrayList<>();
    List<String> found = new ArrayList<>();
    for (NDArray output : outputs) {
      NDArray real = RecordingArray.unwrap(output);
      String written = outputs.size() == 1 ? "output" : "output" + (infos.size() + 1);
      found.add(tensor(real, written));
      infos.add(
          new ValueInfo(written, Transfer.type(real.getDataType()), shape(real).tensorShape()));
    }
    GraphEnd end = new GraphEnd(nodes);
    for (int i = 0; i < infos.size(); i++) {
      end.output(found.get(i), infos.get(i));
    }
    return end.graph(name, options.info(), inputs, initializers);
  }
}
