package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import io.qalibre.errors.NearNames;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Puts nodes into an order of execution, the file's own wherever that is one. */
final class NodeOrder {
  private final OnnxFile file;
  private final List<NodeProto> nodes;
  private final Set<String> given;
  private final Map<String, Integer> producers = new HashMap<>();

  /**
   * Indexes the nodes.
   *
   * @param given the tensors that are there before any node runs
   * @throws OnnxFormatException if a tensor is written twice
   */
  NodeOrder(OnnxFile file, List<NodeProto> nodes, Set<String> given) {
    this.file = file;
    this.nodes = nodes;
    this.given = given;
    for (int i = 0; i < nodes.size(); i++) {
      for (String output : nodes.get(i).getOutputList()) {
        if (!output.isEmpty()
            && (given.contains(output) || producers.putIfAbsent(output, i) != null)) {
          throw file.error(
              label(nodes.get(i)), "every tensor written once", "a second `" + output + "`");
        }
      }
    }
  }

  /** How errors call a node. */
  static String label(NodeProto node) {
    if (!node.getName().isEmpty()) {
      return node.getOpType() + " node `" + node.getName() + "`";
    }
    return node.getOpType() + " node without a name that writes " + node.getOutputList();
  }

  /**
   * The nodes in order.
   *
   * @throws OnnxFormatException if a node reads a tensor that nothing writes, or its own result
   */
  List<NodeProto> sorted() {
    int[] waiting = new int[nodes.size()];
    Map<Integer, List<Integer>> readers = new HashMap<>();
    PriorityQueue<Integer> ready = new PriorityQueue<>();
    for (int i = 0; i < nodes.size(); i++) {
      Set<Integer> before = before(i);
      waiting[i] = before.size();
      for (int producer : before) {
        readers.computeIfAbsent(producer, k -> new ArrayList<>()).add(i);
      }
      if (before.isEmpty()) {
        ready.add(i);
      }
    }
    List<NodeProto> sorted = new ArrayList<>();
    while (!ready.isEmpty()) {
      int next = ready.remove();
      sorted.add(nodes.get(next));
      for (int reader : readers.getOrDefault(next, List.of())) {
        if (--waiting[reader] == 0) {
          ready.add(reader);
        }
      }
    }
    if (sorted.size() < nodes.size()) {
      throw cycle(waiting);
    }
    return sorted;
  }

  /** The nodes that a node reads from. */
  private Set<Integer> before(int index) {
    NodeProto node = nodes.get(index);
    Set<Integer> before = new TreeSet<>();
    for (String input : node.getInputList()) {
      if (input.isEmpty() || given.contains(input)) {
        continue;
      }
      @Nullable Integer producer = producers.get(input);
      if (producer == null) {
        throw file.error(
            label(node), "its input `" + input + "`", "nothing that writes it" + near(input));
      }
      before.add(producer);
    }
    return before;
  }

  /** Whether a tensor exists once all nodes have run. */
  boolean writes(String tensor) {
    return given.contains(tensor) || producers.containsKey(tensor);
  }

  /** The ending of an error about a tensor that does not exist. */
  String near(String tensor) {
    List<String> known = new ArrayList<>(given);
    known.addAll(producers.keySet());
    return NearNames.hint(tensor, known);
  }

  /** Walks backwards from a node that never became ready until the walk closes. */
  private OnnxFormatException cycle(int[] waiting) {
    int at = 0;
    while (waiting[at] == 0) {
      at++;
    }
    Map<Integer, Integer> visited = new LinkedHashMap<>();
    List<Integer> walk = new ArrayList<>();
    while (visited.putIfAbsent(at, walk.size()) == null) {
      walk.add(at);
      at = before(at).stream().filter(i -> waiting[i] > 0).findFirst().orElseThrow();
    }
    List<Integer> closed = walk.subList(visited.getOrDefault(at, 0), walk.size());
    String names =
        closed.stream().sorted().map(i -> label(nodes.get(i))).collect(Collectors.joining(", "));
    return file.error("graph", "an order in which nodes can run", "a cycle of " + names);
  }
}
