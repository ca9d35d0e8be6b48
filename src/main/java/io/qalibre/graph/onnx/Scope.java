package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the names inside a graph, function or branch stand for in the model as a whole.
 *
 * <p>The graph's own names stand for themselves. A function sees nothing but its parameters: every
 * other name in it is its own. A branch sees the names around it, unless it writes them itself.
 */
final class Scope {
  private final InnerNames names;
  private final @Nullable Scope outer;

  private final Prefixes prefixes;

  /** Its own tensors; null where every name that is not known yet is one. */
  private final @Nullable Set<String> own;

  private final Map<String, String> tensors = new HashMap<>();
  private final Map<String, AttributeProto> attributes;

  /**
   * What the names of a scope's own tensors and nodes begin with: empty, or ending in a slash.
   *
   * @param fallback what they begin with where a name would be taken otherwise
   */
  private record Prefixes(String usual, String fallback) {}

  private Scope(
      InnerNames names,
      @Nullable Scope outer,
      Prefixes prefixes,
      @Nullable Set<String> own,
      Map<String, AttributeProto> attributes) {
    this.names = names;
    this.outer = outer;
    this.prefixes = prefixes;
    this.own = own;
    this.attributes = attributes;
  }

  /** The scope of the graph itself. */
  static Scope graph(InnerNames names) {
    return new Scope(names, null, new Prefixes("", ""), Set.of(), Map.of());
  }

  /**
   * The scope of a function.
   *
   * @param caller the name of the node that calls it
   * @param attributes the values of its attributes, by name
   */
  static Scope function(InnerNames names, String caller, Map<String, AttributeProto> attributes) {
    return new Scope(
        names, null, new Prefixes(caller + "/", caller + "/"), null, Map.copyOf(attributes));
  }

  /**
   * The scope of a branch in this scope.
   *
   * @param node the name of the node that it belongs to
   */
  Scope branch(String node, GraphProto graph) {
    Set<String> written = new HashSet<>();
    graph.getInitializerList().forEach(initializer -> written.add(initializer.getName()));
    graph.getNodeList().forEach(inner -> written.addAll(inner.getOutputList()));
    return new Scope(names, this, new Prefixes(prefixes.usual, node + "/"), written, attributes);
  }

  /**
   * Lets a name of this scope stand for a tensor around it.
   *
   * @return false if it stands for another one, or is no name of this scope, so that the value has
   *     to be copied
   */
  boolean bind(String name, String tensor) {
    return !name.isEmpty()
        && (own == null || own.contains(name))
        && tensors.putIfAbsent(name, tensor) == null;
  }

  /** The tensor that a name stands for; empty for an input or output left out. */
  String tensor(String name) {
    if (name.isEmpty()) {
      return name;
    }
    @Nullable String known = tensors.get(name);
    if (known != null) {
      return known;
    }
    if (own != null && !own.contains(name)) {
      return outer == null ? name : outer.tensor(name);
    }
    String usual = prefixes.usual + name;
    String tensor = names.tensor(names.isFreeTensor(usual) ? usual : prefixes.fallback + name);
    tensors.put(name, tensor);
    return tensor;
  }

  /** The value of the function's attribute, or null where it has none. */
  @Nullable AttributeProto attribute(String name) {
    return attributes.get(name);
  }

  /** Whether this is the graph itself, whose nodes and tensors keep their names. */
  boolean isGraph() {
    return outer == null && own != null;
  }

  /** A unique name for a node of this scope. */
  String node(NodeProto node) {
    return node.getName().isEmpty()
        ? names.counted(prefixes.usual + node.getOpType())
        : names.node(prefixes.usual + node.getName());
  }
}
