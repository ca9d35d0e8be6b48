package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.LayerWeight;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where the channels of a tensor go. */
final class ChannelFlow {
  private static final Set<String> READ_THE_SHAPE_ONLY = Set.of("Shape", "Size");

  private final Graph graph;
  private final TensorFacts facts;

  /** The axis of the channels in each tensor that holds them. */
  private final Map<String, Integer> axes = new HashMap<>();

  private final List<LayerWeight> layers = new ArrayList<>();
  private @Nullable String obstacle;

  private ChannelFlow(Graph graph, TensorFacts facts) {
    this.graph = graph;
    this.facts = facts;
  }

  /**
   * What reads a tensor's channels.
   *
   * @param layers the layers whose input channels they are
   * @param obstacle what else is done with them, in words; null where it is nothing, so that a
   *     factor for each channel may move into the layers
   */
  record Readers(List<LayerWeight> layers, @Nullable String obstacle) {
    Readers {
      layers = List.copyOf(layers);
    }
  }

  /**
   * Follows the channels of a tensor, through operators that only move them, to the layers that
   * read them.
   *
   * @param graph a float network
   * @param facts its shapes, of {@link ShapeInference#facts}
   * @param tensor the tensor
   * @param axis the axis of its channels, counted from 0; there are at least two
   */
  static Readers follow(Graph graph, TensorFacts facts, String tensor, int axis) {
    ChannelFlow flow = new ChannelFlow(graph, facts);
    flow.reach(tensor, axis);
    for (OperatorNode node : graph.operators()) {
      if (node.inputs().stream().anyMatch(flow.axes::containsKey)) {
        flow.pass(node);
      }
    }
    if (flow.layers.isEmpty()) {
      flow.stop("no layer reads it");
    }
    return new Readers(flow.layers, flow.obstacle);
  }

  private void reach(String tensor, int axis) {
    axes.put(tensor, axis);
    if (graph.isOutput(tensor)) {
      stop("the network gives out `" + tensor + "`");
    }
  }

  private void stop(String why) {
    obstacle = obstacle == null ? why : obstacle;
  }

  private void pass(OperatorNode node) {
    if (READ_THE_SHAPE_ONLY.contains(node.type())) {
      return;
    }
    Optional<LayerWeight> layer = LayerWeight.of(graph, node).filter(this::takes);
    OptionalInt moved = moved(node);
    if (layer.isPresent()) {
      layers.add(layer.get());
    } else if (moved.isPresent()) {
      boolean all = node.type().equals("Split");
      node.outputs().subList(0, all ? node.outputs().size() : 1).stream()
          .filter(output -> !output.isEmpty())
          .forEach(output -> reach(output, moved.getAsInt()));
    } else {
      stop("`%s` (%s) reads it".formatted(node.name(), node.type()));
    }
  }

  /** Whether the channels are the layer's input channels, and nothing else that it reads. */
  private boolean takes(LayerWeight layer) {
    OperatorNode node = layer.layer();
    int axis = layer.convolution() ? 1 : shape(node.input(0)).rank() - 1;
    return holds(node).equals(List.of(node.input(0)))
        && Objects.equals(axes.get(node.input(0)), axis)
        && !node.attributes().flag("transA", false);
  }

  private List<String> holds(OperatorNode node) {
    return node.inputs().stream().filter(axes::containsKey).toList();
  }

  private OptionalInt moved(OperatorNode node) {
    List<String> read = holds(node);
    Set<Integer> places = Set.copyOf(read.stream().map(axes::get).toList());
    boolean joins = node.type().equals("Concat");
    boolean alone = read.equals(joins ? node.inputs() : List.of(node.input(0)));
    return alone && places.size() == 1
        ? ChannelMoves.axis(facts.context(node), shape(node.output()), places.iterator().next())
        : OptionalInt.empty();
  }

  private TensorShape shape(String tensor) {
    return Optional.ofNullable(facts.shapes().get(tensor)).orElseThrow();
  }
}
