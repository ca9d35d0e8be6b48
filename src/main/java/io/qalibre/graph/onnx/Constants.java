package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The constant tensors of a graph: its initializers, its {@code Constant} nodes, and the {@code
 * Cast} nodes that only widen an initializer stored in few bits.
 */
final class Constants {
  private final OnnxFile file;
  private final TensorDecoder decoder;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /** The tensors stored in other bits than FLOAT that are FLOAT in the graph. */
  private final Set<String> widened = new HashSet<>();

  /** The tensors that a folded Cast reads. */
  private final Set<String> folded = new HashSet<>();

  /**
   * Decodes the initializers.
   *
   * @throws OnnxFormatException if one has no name or two share it
   */
  Constants(OnnxFile file, TensorDecoder decoder, List<TensorProto> initializers) {
    this.file = file;
    this.decoder = decoder;
    for (TensorProto initializer : initializers) {
      String what = "initializer `" + initializer.getName() + "`";
      if (initializer.getName().isEmpty()) {
        throw file.error(what, "a name", "none");
      }
      if (tensors.containsKey(initializer.getName())) {
        throw file.error(what, "one initializer of that name", "a second one");
      }
      add(initializer.getName(), what, initializer);
    }
  }

  /** The constants found so far. */
  Set<String> names() {
    return tensors.keySet();
  }

  /**
   * Takes the constants among the nodes.
   *
   * @param nodes in order of execution
   * @return the nodes that are left, in order
   */
  List<NodeProto> absorb(List<NodeProto> nodes) {
    List<NodeProto> left = new ArrayList<>();
    for (NodeProto node : nodes) {
      if (isOnnx(node) && node.getOpType().equals("Constant")) {
        addConstant(node);
      } else if (isWidening(node)) {
        String source = node.getInput(0);
        tensors.put(node.getOutput(0), tensor(source));
        folded.add(source);
      } else {
        left.add(node);
      }
    }
    return left;
  }

  /**
   * The constants, without those that only a folded Cast has read.
   *
   * @param nodes the nodes that are left
   * @param outputs the graph's outputs
   */
  Map<String, Tensor> needed(List<NodeProto> nodes, Set<String> outputs) {
    Set<String> read = new HashSet<>(outputs);
    nodes.forEach(node -> read.addAll(node.getInputList()));
    Map<String, Tensor> needed = new LinkedHashMap<>(tensors);
    needed.keySet().removeIf(name -> folded.contains(name) && !read.contains(name));
    return needed;
  }

  /** Whether a node is an operator of ONNX's own domain. */
  static boolean isOnnx(NodeProto node) {
    return node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx");
  }

  private boolean isWidening(NodeProto node) {
    return isOnnx(node)
        && node.getOpType().equals("Cast")
        && node.getInputCount() == 1
        && node.getOutputCount() == 1
        && widened.contains(node.getInput(0))
        && node.getAttributeList().stream()
            .anyMatch(a -> a.getName().equals("to") && a.getI() == DataType.FLOAT.onnx());
  }

  private void addConstant(NodeProto node) {
    String where = NodeOrder.label(node);
    if (node.getAttributeCount() != 1 || node.getOutputCount() != 1) {
      throw file.error(
          where,
          "one value and one output",
          node.getAttributeCount() + " attributes and " + node.getOutputCount() + " outputs");
    }
    AttributeProto value = node.getAttribute(0);
    String output = node.getOutput(0);
    switch (value.getName()) {
      case "value" -> add(output, where, value.getT());
      case "value_float" -> tensors.put(output, Tensor.of(new float[] {value.getF()}));
      case "value_int" -> tensors.put(output, Tensor.of(new long[] {value.getI()}));
      case "value_floats" -> {
        float[] floats = new float[value.getFloatsCount()];
        for (int i = 0; i < floats.length; i++) {
          floats[i] = value.getFloats(i);
        }
        tensors.put(output, Tensor.of(floats, floats.length));
      }
      case "value_ints" -> {
        long[] longs = value.getIntsList().stream().mapToLong(Long::longValue).toArray();
        tensors.put(output, Tensor.of(longs, longs.length));
      }
      default ->
          throw file.error(
              where, "numbers as its value", "the attribute `" + value.getName() + "`");
    }
  }

  private void add(String name, String what, TensorProto proto) {
    tensors.put(name, decoder.decode(what, proto));
    if (ElementTypes.becomesFloat(proto.getDataType())) {
      widened.add(name);
    }
  }

  private Tensor tensor(String name) {
    @Nullable Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalStateException(name);
    }
    return tensor;
  }
}
