package io.qalibre.ptq;

import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.UniqueNames;
import io.qalibre.ptq.Normalization.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Divides the outputs of normalizations by factors, in their scale and shift, and multiplies the
 * weights that read them, rounding each value once. Where something else reads a scale or shift as
 * well, the normalization gets one of its own.
 */
final class SmoothingApplication {
  private final Graph graph;
  private final GraphBuilder builder;
  private final UniqueNames names;

  /** How many read a parameter by now, where it is fewer than in the graph. */
  private final Map<String, Integer> readers = new HashMap<>();

  private final Map<String, OperatorNode> changed = new HashMap<>();

  private SmoothingApplication(Graph graph) {
    this.graph = graph;
    builder = graph.toBuilder();
    names = UniqueNames.ofTensors(graph);
  }

  /** The graph with the factors in it. */
  static Graph apply(Graph graph, List<SmoothedNorm> norms) {
    SmoothingApplication application = new SmoothingApplication(graph);
    norms.forEach(application::apply);
    List<? extends Node> nodes =
        graph.nodes().stream()
            .map(n -> n instanceof OperatorNode operator ? application.latest(operator) : n)
            .toList();
    return application.builder.nodes(nodes).build();
  }

  private void apply(SmoothedNorm smoothed) {
    divide(smoothed, smoothed.norm().scale(), ".weight");
    divide(smoothed, smoothed.norm().shift(), ".bias");
    smoothed
        .layers()
        .forEach(l -> builder.initializer(l.layer().input(1), l.scaleInputs(smoothed.factors())));
  }

  private void divide(SmoothedNorm smoothed, @Nullable Parameter parameter, String ending) {
    if (parameter == null) {
      return;
    }
    String tensor = parameter.tensor();
    Tensor before = graph.initializer(tensor);
    float[] values = before.floats();
    for (int c = 0; c < values.length; c++) {
      values[c] = (float) (values[c] / smoothed.factors()[c]);
    }
    String own = tensor;
    int others = readers.getOrDefault(tensor, readers(tensor)) - 1;
    readers.put(tensor, others);
    if (others > 0) {
      own = names.get(smoothed.norm().name() + ending);
      List<String> inputs = new ArrayList<>(latest(parameter.node()).inputs());
      inputs.set(parameter.input(), own);
      changed.put(parameter.node().name(), latest(parameter.node()).withInputs(inputs));
    }
    builder.initializer(own, Tensor.of(values, before.sizes()));
  }

  private int readers(String tensor) {
    return graph.consumers(tensor).size() + (graph.isOutput(tensor) ? 1 : 0);
  }

  private OperatorNode latest(OperatorNode node) {
    return changed.getOrDefault(node.name(), node);
  }
}
