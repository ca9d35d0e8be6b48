package io.qalibre.graph;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.op.OperatorCatalogue;
import java.util.ArrayList;
import java.util.List;

/**
 * Raises the version of ONNX's operator set that a graph is written in, as newer operators beside
 * its own need. Operators of the catalogue whose form or meaning has changed in between are
 * rewritten, so that the graph computes what it did; tensors and nodes keep their names.
 *
 * <p>Source: ONNX's <a href="https://onnx.ai/onnx/operators/">operators</a>, with what each version
 * changed, and its changelog. Operators of other domains are left as they are: each domain counts
 * its own versions.
 */
public final class OpsetUpgrade {
  /** Before it operators broadcast by an attribute of their own. */
  private static final long OLDEST = 7;

  /** The newest version whose changes are known here. */
  private static final long NEWEST = 21;

  private OpsetUpgrade() {}

  /**
   * The graph in an operator set at least as new as the one given.
   *
   * @param graph a graph of operators, with quantizers or without
   * @param opset a version, at most 21
   * @return the same graph where it is new enough already
   * @throws QalibreException if a node cannot be rewritten, naming it, or the graph is older than
   *     version 7
   */
  public static Graph to(Graph graph, long opset) {
    ModelInfo info = graph.info();
    if (info.opset() >= opset) {
      return graph;
    }
    if (info.opset() < OLDEST || opset > NEWEST) {
      throw new QalibreException(
          "%s: expected opset %d or later, to be raised to %d at most; found opset %d, to be raised to %d"
              .formatted(graph.name(), OLDEST, NEWEST, info.opset(), opset));
    }
    UpgradeContext context = new UpgradeContext(graph, opset);
    List<Node> nodes = graph.nodes();
    for (OpsetChange change : OpsetChanges.ALL) {
      if (info.opset() < change.since() && change.since() <= opset) {
        nodes = rewritten(nodes, change, context);
      }
    }
    ModelInfo raised =
        new ModelInfo(opset, info.irVersion(), info.producer(), info.doc(), info.properties());
    return context.result().info(raised).nodes(nodes).withoutUnusedInitializers().build();
  }

  private static List<Node> rewritten(
      List<Node> nodes, OpsetChange change, UpgradeContext context) {
    List<Node> result = new ArrayList<>();
    for (Node node : nodes) {
      if (!(node instanceof OperatorNode operator)) {
        result.add(node);
      } else if (change.types().contains(operator.type())) {
        result.addAll(change.rewrite().of(operator, context));
      } else {
        requireKnown(operator, context);
        result.add(operator);
      }
    }
    return result;
  }

  private static void requireKnown(OperatorNode node, UpgradeContext context) {
    if (!node.type().contains("::") && !OperatorCatalogue.supports(node.type())) {
      throw context.error(node, "an operator whose versions are known", node.type());
    }
  }
}
