package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that a model defines for itself. */
final class Functions {
  private final OnnxFile file;
  private final Map<Key, FunctionProto> functions = new HashMap<>();

  /** The functions that are being inlined, outermost first. */
  private final Deque<Key> open = new ArrayDeque<>();

  /** What a node names a function by. */
  private record Key(String domain, String name, String overload) {
    static Key of(String domain, String name, String overload) {
      return new Key(domain.equals("ai.onnx") ? "" : domain, name, overload);
    }

    @Override
    public String toString() {
      return "`"
          + (domain.isEmpty() ? "" : domain + "::")
          + name
          + (overload.isEmpty() ? "" : ":" + overload)
          + "`";
    }
  }

  /**
   * Indexes the functions.
   *
   * @throws OnnxFormatException if two have one name
   */
  Functions(OnnxFile file, List<FunctionProto> protos) {
    this.file = file;
    for (FunctionProto proto : protos) {
      Key key = Key.of(proto.getDomain(), proto.getName(), proto.getOverload());
      if (functions.put(key, proto) != null) {
        throw file.error("function " + key, "one function of that name", "a second one");
      }
    }
  }

  /** The function that a node calls, or null for an operator. */
  @Nullable FunctionProto called(NodeProto node) {
    return functions.get(key(node));
  }

  /**
   * Begins to inline the function that a node calls.
   *
   * @throws OnnxFormatException if it calls itself
   */
  void enter(NodeProto call) {
    Key key = key(call);
    if (open.contains(key)) {
      StringBuilder calls = new StringBuilder();
      open.stream().dropWhile(k -> !k.equals(key)).forEach(k -> calls.append(k).append(" → "));
      throw file.error(
          "function " + key, "functions that do not call themselves", calls.append(key).toString());
    }
    open.addLast(key);
  }

  /** The function entered last has ended. */
  void leave() {
    open.removeLast();
  }

  private static Key key(NodeProto node) {
    return Key.of(node.getDomain(), node.getOpType(), node.getOverload());
  }
}
