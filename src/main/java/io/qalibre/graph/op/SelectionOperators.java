package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Operators that choose by conditions and positions. */
final class SelectionOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Where")
              .shape(SelectionOperators::whereShape)
              .type((c, output) -> c.type(1))
              .values(SelectionOperators::chosen)
              .code(c -> "torch.where(%s, %s, %s)".formatted(c.input(0), c.input(1), c.input(2)))
              .build(),
          Operator.named("NonZero")
              .shape(c -> TensorShape.of(Dim.of(c.shape(0).rank()), Dim.unknown()))
              .type(DataType.INT64)
              .code(c -> "torch.permute(torch.nonzero(%s), [1, 0])".formatted(c.input(0)))
              .build(),
          Operator.named("OneHot")
              .shape(SelectionOperators::oneHotShape)
              .type((c, output) -> c.type(2))
              .code(SelectionOperators::oneHot)
              .build(),
          Operator.named("Trilu")
              .shape(SelectionOperators::matrices)
              .code(SelectionOperators::trilu)
              .build());

  /** Positions outside of [-depth, depth) are hot nowhere. */
  private static final ScriptMethod ONE_HOT =
      new ScriptMethod(
          "one_hot",
          """
            def one_hot(self: __torch__.M,
              positions: Tensor,
              depth: int,
              values: Tensor,
              axis: int) -> Tensor:
              wide = torch.to(positions, 4, False, False, None)
              counted = torch.where(torch.lt(wide, 0), torch.add(wide, depth), wide)
              classes = torch.arange(depth, dtype=4, layout=None, device=ops.prim.device(positions))
              for i in range(torch.sub(torch.dim(positions), axis)):
                classes0 = torch.unsqueeze(classes, -1)
                classes = classes0
              hot = torch.eq(torch.unsqueeze(counted, axis), classes)
              return torch.where(hot, values[1], values[0])
          """);

  private SelectionOperators() {}

  private static TensorShape whereShape(ShapeContext c) {
    TensorShape either = ElementwiseOperators.broadcast(c, c.shape(1), c.shape(2));
    return ElementwiseOperators.broadcast(c, c.shape(0), either);
  }

  /** What is chosen where the condition is known, or chooses between equals. */
  private static Optional<List<IndexValue>> chosen(ShapeContext c) {
    TensorShape shape = whereShape(c);
    if (shape.rank() > 1 || !shape.known()) {
      return Optional.empty();
    }
    int length = Math.toIntExact(shape.elements());
    Optional<List<IndexValue>> condition = spread(c, 0, length);
    Optional<List<IndexValue>> yes = spread(c, 1, length);
    Optional<List<IndexValue>> no = spread(c, 2, length);
    if (condition.isEmpty() || yes.isEmpty() || no.isEmpty()) {
      return Optional.empty();
    }
    List<IndexValue> chosen = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      IndexValue test = condition.get().get(i);
      IndexValue a = yes.get().get(i);
      IndexValue b = no.get().get(i);
      if (test.known()) {
        chosen.add(test.value() != 0 ? a : b);
      } else {
        chosen.add(a.equals(b) ? a : IndexValue.of(Dim.unknown()));
      }
    }
    return Optional.of(chosen);
  }

  /** The elements of an input, one of which stands for as many as are needed. */
  private static Optional<List<IndexValue>> spread(ShapeContext c, int input, int length) {
    return c.values(input)
        .map(values -> values.size() == 1 ? Collections.nCopies(length, values.get(0)) : values);
  }

  private static int oneHotAxis(NodeContext c) {
    int rank = c.shape(0).rank() + 1;
    return Axes.axis(c, c.attributes().integer("axis", -1), rank);
  }

  private static TensorShape oneHotShape(ShapeContext c) {
    List<Dim> dims = new ArrayList<>(c.shape(0).dims());
    dims.add(oneHotAxis(c), depth(c));
    return new TensorShape(dims);
  }

  /** The number of classes, which may be written as a float. */
  private static Dim depth(ShapeContext c) {
    Optional<Tensor> constant = c.constant(1);
    if (constant.isPresent() && constant.get().type() == DataType.FLOAT) {
      return Dim.of((long) constant.get().floats()[0]);
    }
    return c.values(1).map(values -> values.get(0).dim()).orElse(Dim.unknown());
  }

  private static String oneHot(CodeContext c) {
    c.method(ONE_HOT);
    return "(self).one_hot(%s, %s, %s, %d, )"
        .formatted(c.input(0), c.integer(1), c.input(2), oneHotAxis(c));
  }

  private static TensorShape matrices(ShapeContext c) {
    if (c.shape(0).rank() < 2) {
      throw c.error("expected matrices, found " + c.shape(0));
    }
    return c.shape(0);
  }

  private static String trilu(CodeContext c) {
    boolean upper = c.attributes().flag("upper", true);
    return "torch.%s(%s, %s)"
        .formatted(upper ? "triu" : "tril", c.input(0), c.has(1) ? c.integer(1) : "0");
  }
}
