package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The tensors without quantizer that data-movement operators read or write: their values lie on the
 * grid of the operator's other side. Version 2.0.0 has entries for them, so that a target finds
 * each tensor of its graph.
 *
 * <p>The operators are gone through in order of execution and then backwards. Each hands its
 * inputs' grid on to its outputs where all inputs have the same, and its outputs' grid back to an
 * input where all outputs have the same and nothing else reads the input. Only grids of whole
 * tensors are handed on.
 */
final class DerivedItems {
  /** Operators whose outputs hold values of their inputs, by AIMET's list. */
  private static final Set<String> MOVERS =
      Set.of(
          "Clip",
          "Col2Im",
          "Compress",
          "Concat",
          "DepthToSpace",
          "Dropout",
          "Expand",
          "Flatten",
          "Gather",
          "GatherElements",
          "GatherND",
          "GlobalMaxPool",
          "Identity",
          "Max",
          "MaxPool",
          "MaxRoiPool",
          "Min",
          "NonZero",
          "Pad",
          "ReduceMax",
          "ReduceMin",
          "Reshape",
          "ReverseSequence",
          "Scatter",
          "ScatterElements",
          "ScatterND",
          "Slice",
          "SpaceToDepth",
          "Split",
          "SplitToSequence",
          "Squeeze",
          "Tile",
          "TopK",
          "Transpose",
          "Unsqueeze",
          "Where");

  private final Graph graph;
  private final ActivationCodes codes;
  private final Map<String, EncodingsItem> items = new LinkedHashMap<>();
  private final Map<String, EncodingsItem> found = new LinkedHashMap<>();

  private DerivedItems(Graph graph, ActivationCodes codes) {
    this.graph = graph;
    this.codes = codes;
  }

  /**
   * The items that follow from others.
   *
   * @param graph the float network
   * @param items the others
   * @param codes which integers the codes of activations are: grids of other integers are not the
   *     same
   */
  static Collection<EncodingsItem> of(
      Graph graph, Collection<EncodingsItem> items, ActivationCodes codes) {
    DerivedItems derived = new DerivedItems(graph, codes);
    items.stream()
        .filter(item -> item.encoding() != null)
        .forEach(item -> derived.items.put(item.tensor(), item));
    List<OperatorNode> movers =
        new ArrayList<>(
            graph.operators().stream().filter(node -> MOVERS.contains(node.type())).toList());
    movers.forEach(derived::visit);
    Collections.reverse(movers);
    movers.forEach(derived::visit);
    return derived.found.values();
  }

  private void visit(OperatorNode node) {
    List<String> inputs = floatInputs(node);
    List<String> outputs = floatOutputs(node);
    if (inputs.isEmpty() || outputs.isEmpty() || MaskedSoftmax.hasSmallest(graph, node)) {
      return;
    }
    Map<String, EncodingsItem> added = new LinkedHashMap<>();
    if (alike(outputs)) {
      EncodingsItem grid = items.get(outputs.get(0));
      inputs.stream()
          .filter(input -> !items.containsKey(input) && consumers(input) <= 1)
          .forEach(input -> handOn(grid, input, added));
    }
    // AIMET hands the padded tensor's grid on, whatever the padding is.
    if (node.type().equals("Pad") || alike(inputs)) {
      EncodingsItem grid = items.get(inputs.get(0));
      outputs.stream()
          .filter(output -> !items.containsKey(output))
          .forEach(output -> handOn(grid, output, added));
    }
    items.putAll(added);
    found.putAll(added);
  }

  private static void handOn(
      @Nullable EncodingsItem grid, String tensor, Map<String, EncodingsItem> to) {
    if (grid != null && grid.wholeTensor()) {
      to.put(tensor, grid.named(tensor));
    }
  }

  /** Whether tensors lie on one grid, or there is only one tensor. */
  private boolean alike(List<String> tensors) {
    EncodingsItem first = items.get(tensors.get(0));
    return tensors.stream()
        .skip(1)
        .map(items::get)
        .allMatch(item -> item != null && first != null && item.alike(first, codes));
  }

  private int consumers(String tensor) {
    return graph.consumers(tensor).size();
  }

  private static List<String> floatInputs(OperatorNode node) {
    return switch (node.type()) {
      case "Concat", "Max", "Min" -> node.inputs();
      case "Clip" -> present(node.inputs(), 0, 1, 2);
      case "Where" -> present(node.inputs(), 1, 2);
      case "Pad", "Scatter", "ScatterElements", "ScatterND" -> present(node.inputs(), 0, 2);
      case "Dropout", "MaxRoiPool" -> present(node.inputs(), 0, 1);
      default -> present(node.inputs(), 0);
    };
  }

  private static List<String> floatOutputs(OperatorNode node) {
    return switch (node.type()) {
      case "NonZero", "SplitToSequence" -> List.of();
      case "Split" -> node.outputs();
      default -> present(node.outputs(), 0);
    };
  }

  private static List<String> present(List<String> names, int... positions) {
    return IntStream.of(positions)
        .filter(i -> i < names.size() && !names.get(i).isEmpty())
        .mapToObj(names::get)
        .toList();
  }
}
