package io.qalibre.graph.op;

import io.qalibre.errors.NearNames;
import io.qalibre.errors.QalibreException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A network uses operators that Qalibre does not run; the message lists all of them. */
public final class UnsupportedOperatorException extends QalibreException {
  private static final long serialVersionUID = 1L;
  private static final int NODES_SHOWN = 4;

  /**
   * Creates the error.
   *
   * @param nodes the names of the nodes, by operator
   */
  public UnsupportedOperatorException(Map<String, List<String>> nodes) {
    super(
        "unsupported operators: "
            + nodes.entrySet().stream()
                .map(e -> describe(e.getKey(), e.getValue()))
                .collect(Collectors.joining("; ")));
  }

  private static String describe(String type, List<String> nodes) {
    String shown =
        nodes.stream().limit(NODES_SHOWN).map(n -> "`" + n + "`").collect(Collectors.joining(", "));
    String more =
        nodes.size() > NODES_SHOWN ? " and " + (nodes.size() - NODES_SHOWN) + " more" : "";
    return type
        + " (node "
        + shown
        + more
        + ")"
        + NearNames.hint(type, OperatorCatalogue.types()).replaceFirst("^; known:.*", "");
  }
}
