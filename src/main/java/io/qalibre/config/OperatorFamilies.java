package io.qalibre.config;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.graph.op.ParameterSlot;
import java.util.Map;
import java.util.Set;
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

  private OperatorFamilies() {}

  /** Whether AIMET counts a node among those whose output holds only values of its input. */
  static boolean preservesGrid(OperatorNode node) {
    return GRID_PRESERVING.contains(node.type());
  }

  /** Whether a node's output holds only values of its input. */
  static boolean handsValuesOn(OperatorNode node) {
    return preservesGrid(node)
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

  /** Whether a Clip begins at zero, as Relu6 does. */
  static boolean beginsAtZero(Graph graph, OperatorNode node) {
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
