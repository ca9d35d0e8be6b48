package io.qalibre.graph.op;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** All operators that Qalibre runs. A new one is one entry in one of the lists named here. */
public final class OperatorCatalogue {
  private static final Map<String, Operator> OPERATORS =
      Stream.of(
              ConvolutionOperators.ALL,
              MatrixOperators.ALL,
              NormalizationOperators.ALL,
              RecurrentOperators.ALL,
              ActivationOperators.ALL,
              SoftmaxOperators.ALL,
              ElementwiseOperators.ALL,
              FunctionOperators.ALL,
              ComparisonOperators.ALL,
              ReductionOperators.ALL,
              AxisOperators.ALL,
              PoolingOperators.ALL,
              ReshapeOperators.ALL,
              RankOperators.ALL,
              PadOperators.ALL,
              ResizeOperators.ALL,
              LayoutOperators.ALL,
              JoiningOperators.ALL,
              SizeOperators.ALL,
              SliceOperators.ALL,
              GatherOperators.ALL,
              ScatterOperators.ALL,
              SelectionOperators.ALL,
              SortingOperators.ALL,
              SamplingOperators.ALL,
              ConversionOperators.ALL)
          .flatMap(Collection::stream)
          .collect(
              Collectors.toMap(
                  Operator::type,
                  o -> o,
                  (a, b) -> {
                    throw new IllegalStateException("two entries for " + a.type());
                  },
                  TreeMap::new));

  private OperatorCatalogue() {}

  /** The names of all operators, sorted. */
  public static Collection<String> types() {
    return OPERATORS.keySet();
  }

  /** Whether an operator is known. */
  public static boolean supports(String type) {
    return OPERATORS.containsKey(type);
  }

  /**
   * The entry of an operator.
   *
   * @throws UnsupportedOperatorException if there is none
   */
  public static Operator get(OperatorNode node) {
    Operator found = OPERATORS.get(node.type());
    if (found == null) {
      throw new UnsupportedOperatorException(Map.of(node.type(), java.util.List.of(node.name())));
    }
    return found;
  }

  /**
   * The axis of the output channels of a layer's weight: the parameter at input 1.
   *
   * @param layer a convolution or a linear layer
   */
  public static int weightAxis(OperatorNode layer) {
    ParameterSlot weight = get(layer).parameters().get(1);
    if (weight == null) {
      throw new IllegalArgumentException(layer.type() + " has no weight at input 1");
    }
    return weight.channelAxis().applyAsInt(layer);
  }

  /**
   * Checks that every operator of a graph is known.
   *
   * @throws UnsupportedOperatorException naming all that are not, each with its nodes
   */
  public static void requireSupported(Graph graph) throws QalibreException {
    Map<String, java.util.List<String>> unknown =
        graph.operators().stream()
            .filter(n -> !supports(n.type()))
            .collect(
                Collectors.groupingBy(
                    OperatorNode::type,
                    TreeMap::new,
                    Collectors.mapping(OperatorNode::name, Collectors.toList())));
    if (!unknown.isEmpty()) {
      throw new UnsupportedOperatorException(unknown);
    }
  }
}
