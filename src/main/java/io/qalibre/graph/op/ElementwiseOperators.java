package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Arithmetic on two tensors with broadcasting. */
final class ElementwiseOperators {
  static final List<Operator> ALL =
      List.of(
          binary("Add", "torch.add(%s, %s)"),
          binary("Sub", "torch.sub(%s, %s)"),
          binary("Mul", "torch.mul(%s, %s)"),
          binary("Div", "torch.div(%s, %s)"));

  private ElementwiseOperators() {}

  private static Operator binary(String type, String expression) {
    return Operator.named(type)
        .fresh()
        .shape(c -> broadcast(c, c.shape(0), c.shape(1)))
        .code(c -> expression.formatted(c.input(0), c.input(1)))
        .build();
  }

  /** The shape of two broadcast against each other, aligned at the last axis. */
  static TensorShape broadcast(NodeContext c, TensorShape a, TensorShape b) {
    int rank = Math.max(a.rank(), b.rank());
    List<Dim> dims = new ArrayList<>();
    for (int i = 1; i <= rank; i++) {
      Dim x = i <= a.rank() ? a.dim(-i) : Dim.of(1);
      Dim y = i <= b.rank() ? b.dim(-i) : Dim.of(1);
      if (x.known() && y.known() && x.size() != y.size() && x.size() != 1 && y.size() != 1) {
        throw c.error("shapes " + a + " and " + b + " do not broadcast");
      }
      dims.add(x.equals(y) || isOne(y) || (x.known() && !isOne(x)) ? x : y);
    }
    Collections.reverse(dims);
    return new TensorShape(dims);
  }

  private static boolean isOne(Dim dim) {
    return dim.known() && dim.size() == 1;
  }
}
