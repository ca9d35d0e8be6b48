package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.List;
import java.util.stream.IntStream;

/** TopK and Unique. */
final class SortingOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("TopK")
              .shapes(SortingOperators::topShapes)
              .type((c, output) -> output == 0 ? c.type(0) : DataType.INT64)
              .codes(SortingOperators::top)
              .build(),
          Operator.named("Unique")
              .shapes(SortingOperators::uniqueShapes)
              .type((c, output) -> output == 0 ? c.type(0) : DataType.INT64)
              .codes(SortingOperators::unique)
              .build());

  /**
   * Values without repetition; where the first of each stands; the value at each place; and how
   * often each is there. Values are sorted, or else in the order in which they are first there.
   */
  private static final ScriptMethod UNIQUE =
      new ScriptMethod(
          "unique_along",
          """
            def unique_along(self: __torch__.M,
              x: Tensor,
              axis: int,
              sorted: bool) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
              values, which, counts, = torch.unique_dim(x, axis, True, True, True)
              places = torch.arange(torch.size(x, axis), dtype=4, layout=None, device=ops.prim.device(x))
              last = torch.full([torch.size(values, axis)], torch.size(x, axis), dtype=4, layout=None, device=ops.prim.device(x))
              first = torch.scatter_reduce(last, 0, which, places, "amin")
              if sorted:
                found = (values, first, which, counts)
              else:
                order = torch.argsort(first, 0, False)
                ranks = torch.argsort(order, 0, False)
                found = (torch.index_select(values, axis, order), torch.index_select(first, 0, order), torch.index_select(ranks, 0, which), torch.index_select(counts, 0, order))
              return found
          """);

  private SortingOperators() {}

  private static int topAxis(NodeContext c) {
    return Axes.attribute(c, -1);
  }

  /** How many are wanted: an input since opset 10, an attribute before. */
  private static Dim wanted(ShapeContext c) {
    if (c.has(1)) {
      return c.values(1).map(values -> values.get(0).dim()).orElse(Dim.unknown());
    }
    return Dim.of(attribute(c));
  }

  private static long attribute(NodeContext c) {
    if (!c.attributes().has("k")) {
      throw c.error("neither an input nor an attribute says how many values are wanted");
    }
    return c.attributes().integer("k", 0);
  }

  private static List<TensorShape> topShapes(ShapeContext c) {
    int axis = topAxis(c);
    Dim wanted = wanted(c);
    Dim there = c.shape(0).dim(axis);
    if (wanted.known() && there.known() && wanted.size() > there.size()) {
      throw c.error("%s values are wanted along axis %d of %s".formatted(wanted, axis, c.shape(0)));
    }
    TensorShape shape = c.shape(0).with(axis, wanted);
    return List.of(shape, shape);
  }

  /** Sorting is stable, so that of equal values those with the lower index come first. */
  private static List<String> top(CodeContext c) {
    int axis = topAxis(c);
    boolean largest = c.attributes().flag("largest", true);
    String k = c.has(1) ? c.integer(1) : Literals.number(attribute(c));
    String both =
        c.let(
            "torch.sort(%s, stable=True, dim=%d, descending=%s)"
                .formatted(c.input(0), axis, Literals.flag(largest)));
    return IntStream.range(0, 2)
        .mapToObj(i -> "torch.narrow((%s)[%d], %d, 0, %s)".formatted(both, i, axis, k))
        .toList();
  }

  private static List<TensorShape> uniqueShapes(ShapeContext c) {
    boolean whole = !c.attributes().has("axis");
    TensorShape vector = Axes.unknown(1);
    TensorShape values = whole ? vector : c.shape(0).with(Axes.attribute(c, 0), Dim.unknown());
    Dim places =
        whole ? SizeOperators.product(c.shape(0).dims()) : c.shape(0).dim(Axes.attribute(c, 0));
    return List.of(values, vector, TensorShape.of(places), vector);
  }

  private static List<String> unique(CodeContext c) {
    boolean whole = !c.attributes().has("axis");
    String x = whole ? c.let("torch.flatten(" + c.input(0) + ")") : c.input(0);
    c.method(UNIQUE);
    String all =
        c.let(
            "(self).unique_along(%s, %d, %s, )"
                .formatted(
                    x,
                    whole ? 0 : Axes.attribute(c, 0),
                    Literals.flag(c.attributes().flag("sorted", true))));
    return IntStream.range(0, 4).mapToObj(i -> "(" + all + ")[" + i + "]").toList();
  }
}
