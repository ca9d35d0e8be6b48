package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A batch normalization with statistics of its own.
 *
 * @param node the operator
 * @param mean the initializer that holds the means of its input's channels
 * @param variance the initializer that holds their variances
 */
record LiveNorm(OperatorNode node, String mean, String variance) {
  static final String TYPE = "BatchNormalization";
  private static final int MEAN = 3;
  private static final int VARIANCE = 4;

  /**
   * Those of a graph, in order of execution. One that normalizes by each batch's statistics, or
   * whose statistics went into its factors when others were folded, has none.
   *
   * @throws QalibreException if statistics are no constants, or serve as something else as well
   */
  static List<LiveNorm> of(Graph graph) {
    List<LiveNorm> norms = new ArrayList<>();
    for (OperatorNode node : graph.operators()) {
      if (node.type().equals(TYPE) && !followsBatch(node)) {
        LiveNorm norm =
            new LiveNorm(node, statistic(graph, node, MEAN), statistic(graph, node, VARIANCE));
        if (!norm.absorbed(graph)) {
          norms.add(norm);
        }
      }
    }
    return norms;
  }

  private static boolean followsBatch(OperatorNode node) {
    return node.attributes().flag("training_mode", false)
        || node.outputs().stream().filter(output -> !output.isEmpty()).count() > 1;
  }

  private static String statistic(Graph graph, OperatorNode norm, int place) {
    String tensor = Constants.source(graph, norm.input(place));
    if (!graph.isInitializer(tensor)) {
      throw new QalibreException(
          "batch normalization `%s`: expected constant statistics, but `%s` is computed"
              .formatted(norm.name(), tensor));
    }
    for (OperatorNode reader : graph.operators()) {
      boolean otherwise =
          IntStream.range(0, reader.inputs().size())
              .filter(i -> Constants.source(graph, reader.input(i)).equals(tensor))
              .anyMatch(i -> i != place || !reader.type().equals(TYPE));
      if (otherwise) {
        throw new QalibreException(
            "batch normalization `%s`: expected statistics that nothing else reads, but `%s` reads `%s`"
                .formatted(norm.name(), reader.name(), tensor));
      }
    }
    return tensor;
  }

  /** Whether γ and β hold the statistics: see {@link io.qalibre.graph.BatchNormFolding}. */
  private boolean absorbed(Graph graph) {
    return node.attributes().number("epsilon", 1e-5f) == 0
        && all(graph.initializer(mean).floats(), 0)
        && all(graph.initializer(variance).floats(), 1);
  }

  private static boolean all(float[] values, float expected) {
    for (float value : values) {
      if (value != expected) {
        return false;
      }
    }
    return true;
  }

  /** The node's name. */
  String name() {
    return node.name();
  }

  /** The number of channels. */
  int channels(Graph graph) {
    return graph.initializer(mean).size();
  }
}
