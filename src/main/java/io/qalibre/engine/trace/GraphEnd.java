package io.qalibre.engine.trace;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Turns recorded nodes into a graph: names the outputs and leaves out what leads to none. */
final class GraphEnd {
  private final List<OperatorNode> nodes;
  private final List<ValueInfo> outputs = new ArrayList<>();
  private final Map<String, String> renamed = new HashMap<>();

  GraphEnd(List<OperatorNode> nodes) {
    this.nodes = new ArrayList<>(nodes);
  }

  /** Adds an output that holds a tensor. */
  void output(String tensor, ValueInfo output) {
    boolean computed = nodes.stream().anyMatch(n -> n.outputs().contains(tensor));
    if (computed && !renamed.containsKey(tensor)) {
      renamed.put(tensor, output.name());
    } else {
      List<String> written = List.of(output.name());
      nodes.add(
          new OperatorNode(output.name(), "Identity", List.of(tensor), written, Attributes.NONE));
    }
    outputs.add(output);
  }

  /** The graph. */
  Graph graph(
      String name, ModelInfo info, List<ValueInfo> inputs, Map<String, Tensor> initializers) {
    GraphBuilder builder = new GraphBuilder(name).info(info);
    inputs.forEach(builder::input);
    outputs.forEach(builder::output);
    initializers.forEach(builder::initializer);
    return builder.nodes(read()).withoutUnusedInitializers().build();
  }

  /** The nodes that an output is computed from, without last outputs that nothing reads. */
  private List<Node> read() {
    Set<String> wanted = new HashSet<>();
    outputs.forEach(output -> wanted.add(output.name()));
    List<Node> kept = new ArrayList<>();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      OperatorNode node = nodes.get(i);
      List<String> written = renamed(node.outputs());
      if (written.stream().anyMatch(wanted::contains)) {
        List<String> read = renamed(node.inputs());
        wanted.addAll(read);
        kept.add(node.withInputs(read).withOutputs(withoutUnread(written, wanted)));
      }
    }
    Collections.reverse(kept);
    return kept;
  }

  private List<String> renamed(List<String> tensors) {
    return tensors.stream().map(t -> renamed.getOrDefault(t, t)).toList();
  }

  private static List<String> withoutUnread(List<String> written, Set<String> wanted) {
    int last = written.size();
    while (!wanted.contains(written.get(last - 1))) {
      last--;
    }
    return written.subList(0, last);
  }
}
