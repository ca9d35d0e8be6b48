package io.qalibre.config;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.graph.op.ParameterSlot;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the rules of placement need to know of operators, whether the catalogue runs them or not.
 */
public final class OperatorFamilies {
  /** Operators whose outputs hold only values of their input: q(f(x)) = f(q(x)). */
  private static final Set<String> GRID_PRESERVING =
      Set.of(
          "Col2Im",
          "Compress",
          "DepthToSpace",
          "Dropout",
          "Expand",
          "Flatten",
          "Gather",
          "GatherElements",
          "GatherND",
          "Identity",
          "MaxPool",
          "MaxRoiPool",
          "NonZero",
          "Pad",
          "ReduceMax",
          "ReduceMin",
          "Reshape",
          "Slice",
          "SpaceToDepth",
          "Split",
          "SplitToSequence",
          "Squeeze",
          "Tile",
          "TopK",
          "Transpose",
          "Unsqueeze");

  /** Operators whose outputs get no quantizer object at all. */
  private static final Set<String> WITHOUT_OUTPUT_QUANTIZER =
      Set.of(
          "Compress",
          "Flatten",
          "Gather",
          "Identity",
          "Reshape",
          "Shape",
          "Split",
          "Squeeze",
          "Tile",
          "Transpose",
          "Unsqueeze");

  /** Operators that read data from their first input only; the others say how to compute. */
  private static final Set<String> FIRST_INPUT_ONLY = Set.of("Clip", "Dropout", "Pad", "Resize");

  private static final Set<String> NOT_FLOAT =
      Set.of(
          "And",
          "ArgMax",
          "ArgMin",
          "BitShift",
          "BitwiseAnd",
          "BitwiseNot",
          "BitwiseOr",
          "BitwiseXor",
          "Equal",
          "Greater",
          "GreaterOrEqual",
          "IsInf",
          "IsNaN",
          "Less",
          "LessOrEqual",
          "NonZero",
          "Not",
          "Or",
          "QuantizeLinear",
          "Shape",
          "Size",
          "Xor");

  private OperatorFamilies() {}

  static boolean preservesGrid(OperatorNode node) {
    return GRID_PRESERVING.contains(node.type())
        || (OperatorCatalogue.supports(node.type()) && OperatorCatalogue.get(node).preservesGrid());
  }

  static boolean hasOutputQuantizer(OperatorNode node) {
    return !WITHOUT_OUTPUT_QUANTIZER.contains(node.type());
  }

  /** Whether the input at an index is data, rather than a bound or a size. */
  public static boolean isData(OperatorNode node, int input) {
    return input == 0 || !FIRST_INPUT_ONLY.contains(node.type());
  }

  /** The inputs of a node that hold parameters when they are initializers, by index. */
  public static Map<Integer, ParameterSlot> parameters(OperatorNode node) {
    return OperatorCatalogue.supports(node.type())
        ? OperatorCatalogue.get(node).parameters()
        : Map.of();
  }

  /** The tensors that hold floats: only those can be quantized. */
  static Set<String> floats(Graph graph) {
    Set<String> floats =
        graph.inputs().stream()
            .filter(input -> input.type() == DataType.FLOAT)
            .map(ValueInfo::name)
            .collect(Collectors.toCollection(HashSet::new));
    graph
        .initializers()
        .forEach(
            (tensor, value) -> {
              if (value.type() == DataType.FLOAT) {
                floats.add(tensor);
              }
            });
    for (OperatorNode node : graph.operators()) {
      if (writesFloats(node, floats)) {
        floats.addAll(node.type().equals("TopK") ? node.outputs().subList(0, 1) : node.outputs());
      }
    }
    floats.remove("");
    return floats;
  }

  private static boolean writesFloats(OperatorNode node, Set<String> floats) {
    if (NOT_FLOAT.contains(node.type())) {
      return false;
    }
    return switch (node.type()) {
      case "Cast" -> node.attributes().integer("to", 0) == DataType.FLOAT.onnx();
      case "DequantizeLinear" -> true;
      case "Where" -> node.hasInput(1) && floats.contains(node.input(1));
      default -> node.hasInput(0) && floats.contains(node.input(0));
    };
  }

  /** Whether a node is a depthwise or a three-dimensional convolution. */
  static boolean isDepthwiseOr3d(Graph graph, OperatorNode node) {
    boolean transposed = node.type().equals("ConvTranspose");
    if (!transposed && !node.type().equals("Conv")) {
      return false;
    }
    @Nullable Tensor weight = graph.initializers().get(node.input(1));
    if (weight == null) {
      return false;
    }
    long groups = node.attributes().integer("group", 1);
    boolean depthwise =
        groups > 1 && (transposed ? weight.sizes()[0] == groups : weight.sizes()[1] == 1);
    return depthwise || weight.rank() == 5;
  }

  /** Whether a node is what targets fuse as a Relu or Relu6: a Clip has to begin at zero. */
  static boolean isFusible(Graph graph, OperatorNode node) {
    if (!node.type().equals("Clip")) {
      return true;
    }
    if (!node.hasInput(1)) {
      Attributes attributes = node.attributes();
      return attributes.has("min") && attributes.number("min", -1) == 0;
    }
    @Nullable Tensor min = graph.initializers().get(node.input(1));
    return min != null
        && min.type() == DataType.FLOAT
        && min.size() == 1
        && min.floatView().get(0) == 0;
  }
}
