package io.qalibre.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Folds batch normalizations into the layers beside them, which leaves the function as it is. A
 * layer is a Conv, ConvTranspose, Gemm, or MatMul with a constant matrix.
 *
 * <ol>
 *   <li>Backward, into the layer before: with k = γ/√(σ² + ε), W′ = k·W and b′ = β + k·(b − μ) for
 *       each output channel.
 *   <li>Forward, what is left, into the layer after: W′ = W·k for each input channel, and b′ = b +
 *       ΣW·(β − μ·k). A Conv has to be without padding, since padded zeros are not normalized; a
 *       ConvTranspose has edges where not all of its taps add up, so none is folded into it. A
 *       Flatten or Reshape of each sample to one row may lie between the normalization and a linear
 *       layer.
 * </ol>
 *
 * <p>The layer keeps its name and its output's; a missing bias becomes {@code <node>.bias}, and a
 * MatMul a Gemm. A batch normalization stays where no layer can take it: where something else reads
 * the tensor between, or the layer shares its weight; it gets mean 0 and variance 1 then ({@link
 * LoneBatchNorms}).
 */
public final class BatchNormFolding {
  private static final String BATCH_NORM = "BatchNormalization";

  private BatchNormFolding() {}

  /** On which side of the layer the normalization was. */
  public enum Direction {
    /** It followed the layer, whose outputs have its mean and deviation. */
    BACKWARD,
    /** The layer followed it, and its inputs had its mean and deviation. */
    FORWARD
  }

  /**
   * A batch normalization that is gone.
   *
   * @param layer the layer it went into
   * @param batchNorm its node's name
   * @param direction whether it followed the layer
   * @param beta the mean of what the normalization gave, a value a channel
   * @param gamma the standard deviation of what it gave, a value a channel; may be negative
   */
  public record Folded(
      String layer, String batchNorm, Direction direction, List<Float> beta, List<Float> gamma) {
    /** Copies the lists. */
    public Folded {
      beta = List.copyOf(beta);
      gamma = List.copyOf(gamma);
    }
  }

  /**
   * A graph after folding.
   *
   * @param graph the graph
   * @param folded what was folded, in order
   */
  public record Result(Graph graph, List<Folded> folded) {
    /** Copies the list. */
    public Result {
      folded = List.copyOf(folded);
    }
  }

  /** A way to fold one batch normalization. */
  @FunctionalInterface
  private interface Fold {
    /** The graph without it, where a layer can take it. */
    Optional<Result> apply(Graph graph, OperatorNode norm, NormParameters parameters);
  }

  /**
   * Folds every batch normalization that a layer can take, backward where both ways are open, and
   * gives the others mean 0 and variance 1.
   */
  public static Result fold(Graph graph) {
    Result back = fold(new Result(graph, List.of()), BackwardFold::apply);
    Result both = fold(back, ForwardFold::apply);
    Graph folded = both.graph().toBuilder().withoutUnusedInitializers().build();
    return new Result(LoneBatchNorms.rewrite(folded), both.folded());
  }

  private static Result fold(Result start, Fold way) {
    Result result = start;
    for (String name : norms(start.graph())) {
      Graph graph = result.graph();
      OperatorNode norm =
          graph.operators().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
      Optional<Result> next =
          NormParameters.of(graph, norm).flatMap(p -> way.apply(graph, norm, p));
      if (next.isPresent()) {
        List<Folded> all = new ArrayList<>(result.folded());
        all.addAll(next.get().folded());
        result = new Result(next.get().graph(), all);
      }
    }
    return result;
  }

  private static List<String> norms(Graph graph) {
    return graph.operators().stream()
        .filter(n -> n.type().equals(BATCH_NORM))
        .map(OperatorNode::name)
        .toList();
  }
}
