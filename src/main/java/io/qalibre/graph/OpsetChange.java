package io.qalibre.graph;

import java.util.List;
import java.util.Set;

/**
 * A change of operators that makes a rewrite necessary.
 *
 * @param since the operator set that brought it
 * @param types the operators
 * @param rewrite what does the same since then
 */
record OpsetChange(long since, Set<String> types, Rewrite rewrite) {
  /** Rewrites a node. */
  interface Rewrite {
    /** The nodes that write what a node writes, in order of execution. */
    List<OperatorNode> of(OperatorNode node, UpgradeContext context);
  }

  /** A change that one node follows by another form. */
  static OpsetChange of(long since, Form form, String... types) {
    return new OpsetChange(since, Set.of(types), (node, c) -> List.of(form.of(node, c)));
  }

  /** Another form of a node. */
  interface Form {
    /** The node that writes what a node writes. */
    OperatorNode of(OperatorNode node, UpgradeContext context);
  }
}
