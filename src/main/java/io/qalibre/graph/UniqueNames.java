package io.qalibre.graph;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/** Gives out names that nothing has yet. */
public final class UniqueNames {
  private final Set<String> taken;

  /** Starts from the names that are taken. */
  public UniqueNames(Collection<String> taken) {
    this.taken = new HashSet<>(taken);
  }

  /** Starts from the names of a graph's tensors. */
  public static UniqueNames ofTensors(Graph graph) {
    Set<String> taken = new HashSet<>(graph.initializers().keySet());
    graph.inputs().forEach(input -> taken.add(input.name()));
    graph.nodes().forEach(node -> taken.addAll(node.outputs()));
    return new UniqueNames(taken);
  }

  /** The wanted name, or where it is taken the first free one of {@code wanted_1}, … */
  public String get(String wanted) {
    String name = wanted;
    for (int i = 1; !taken.add(name); i++) {
      name = wanted + "_" + i;
    }
    return name;
  }
}
