package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.Collections;

/** Axes, ranks and lengths that the rules of several operators ask about. */
final class Axes {
  private Axes() {}

  /** The axis of the first input that the attribute {@code axis} names. */
  static int attribute(NodeContext c, long otherwise) {
    return axis(c, c.attributes().integer("axis", otherwise), c.shape(0).rank());
  }

  /** An axis of a tensor of a rank, counted from the beginning. */
  static int axis(NodeContext c, long axis, int rank) {
    return axis(c, axis, rank - 1, rank);
  }

  /** An axis counted from the beginning; {@code last} is the largest that is one. */
  static int axis(NodeContext c, long axis, int last, int rank) {
    if (axis < -rank || axis > last) {
      throw c.error("axis " + axis + " is outside a tensor of rank " + rank);
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  /** A shape of a known rank of which no size is known. */
  static TensorShape unknown(int rank) {
    return new TensorShape(Collections.nCopies(rank, Dim.unknown()));
  }

  /**
   * The length of a vector that has to be known, since a rank depends on it.
   *
   * @throws io.qalibre.errors.QalibreException if it is not known
   */
  static int length(NodeContext c, int input) {
    TensorShape shape = c.shape(input);
    if (shape.rank() != 1 || !shape.dim(0).known()) {
      throw c.error(
          "expected a vector of a known length at input `"
              + c.node().input(input)
              + "`, found "
              + shape);
    }
    return Math.toIntExact(shape.dim(0).size());
  }
}
