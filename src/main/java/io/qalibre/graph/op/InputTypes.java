package io.qalibre.graph.op;

import io.qalibre.graph.DataType;

/**
 * Checks of the element types that nodes read. The engine would quietly convert what does not go
 * together, and the types that later nodes are told would be wrong.
 */
final class InputTypes {
  private InputTypes() {}

  /**
   * Checks that all inputs are of one type.
   *
   * @throws io.qalibre.errors.QalibreException naming two that differ
   */
  static void requireAlike(NodeContext c) {
    for (int i = 1; i < c.node().inputs().size(); i++) {
      if (c.has(i) && c.type(i) != c.type(0)) {
        throw c.error(
            "expected inputs of one type, found %s `%s` and %s `%s`"
                .formatted(c.type(0), c.node().input(0), c.type(i), c.node().input(i)));
      }
    }
  }

  /**
   * Checks the type of the first input.
   *
   * @throws io.qalibre.errors.QalibreException if it is another one
   */
  static void require(NodeContext c, DataType wanted) {
    if (c.type(0) != wanted) {
      throw c.error("expected %s, found %s `%s`".formatted(wanted, c.type(0), c.node().input(0)));
    }
  }
}
