package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Reductions over axes. The axes are an input since opset 18 (of ReduceSum since 13), which may be
 * computed, and an attribute before.
 */
final class ReductionOperators {
  private static final String ABSOLUTE = "torch.abs(%s)";
  private static final String SQUARE = "torch.mul(%1$s, %1$s)";

  static final List<Operator> ALL =
      List.of(
          reduction("ReduceSum", Reduced::sum, Reduced::x)
              .values(c -> total(c, IndexArithmetic::add))
              .build(),
          reduction("ReduceProd", Reduced::product, Reduced::x)
              .values(c -> total(c, IndexArithmetic::multiply))
              .build(),
          reduction("ReduceMax", r -> r.extreme(true), Reduced::x)
              .values(c -> total(c, IndexArithmetic::max))
              .preservesGrid()
              .build(),
          reduction("ReduceMin", r -> r.extreme(false), Reduced::x)
              .values(c -> total(c, IndexArithmetic::min))
              .preservesGrid()
              .build(),
          reduction("ReduceMean", r -> r.inFloats("torch.mean(%s, %s, %s)"), Reduced::x).build(),
          reduction("ReduceL1", r -> r.of(ABSOLUTE).sum(), r -> r.of(ABSOLUTE).x()).build(),
          // Unlike the root of a sum of squares it has a gradient where all values are 0.
          reduction(
                  "ReduceL2",
                  r -> r.inFloats("torch.linalg_vector_norm(%s, 2, %s, %s)"),
                  r -> r.of(ABSOLUTE).x())
              .build(),
          reduction("ReduceSumSquare", r -> r.of(SQUARE).sum(), r -> r.of(SQUARE).x()).build(),
          reduction(
                  "ReduceLogSum",
                  r -> r.inFloats("torch.log(torch.sum(%s, %s, %s))"),
                  r -> r.inFloats("torch.log(%s)"))
              .build(),
          reduction("ReduceLogSumExp", r -> r.inFloats("torch.logsumexp(%s, %s, %s)"), Reduced::x)
              .build());

  private ReductionOperators() {}

  /**
   * An operator.
   *
   * @param over the expression that reduces over axes
   * @param alone what is left of it where there is nothing to reduce over
   */
  private static Operator.Builder reduction(
      String type, Function<Reduced, String> over, Function<Reduced, String> alone) {
    return Operator.named(type)
        .shape(ReductionOperators::shape)
        .code(
            c -> {
              Optional<List<Integer>> axes = axes(c);
              boolean nothing = axes.isPresent() && axes.get().isEmpty();
              String list = axes.map(List::toString).orElseGet(() -> c.integers(1));
              Reduced reduced = new Reduced(c, c.input(0), list, Literals.flag(keeps(c)));
              return nothing ? Integers.wrap(alone.apply(reduced), c.type(0)) : over.apply(reduced);
            });
  }

  private static boolean keeps(NodeContext c) {
    return c.attributes().flag("keepdims", true);
  }

  /** The axes, counted from the beginning and sorted; nothing where they are computed from data. */
  private static Optional<List<Integer>> axes(NodeContext c) {
    int rank = c.shape(0).rank();
    boolean none = c.has(1) && c.shape(1).equals(TensorShape.of(0));
    boolean noop = c.attributes().flag("noop_with_empty_axes", false);
    if (c.has(1) && !none && c.longs(1).isEmpty()) {
      if (noop && !c.shape(1).known()) {
        throw c.error("noop_with_empty_axes needs axes of a known length, found " + c.shape(1));
      }
      return Optional.empty();
    }
    List<Long> axes =
        c.has(1)
            ? c.longs(1).stream().flatMapToLong(Arrays::stream).boxed().toList()
            : c.attributes().integers("axes").orElse(List.of());
    if (axes.isEmpty()) {
      return Optional.of(noop ? List.of() : IntStream.range(0, rank).boxed().toList());
    }
    return Optional.of(axes.stream().map(a -> Axes.axis(c, a, rank)).sorted().distinct().toList());
  }

  private static TensorShape shape(ShapeContext c) {
    TensorShape shape = c.shape(0);
    Optional<List<Integer>> axes = axes(c);
    if (axes.isEmpty()) {
      return computedShape(c, shape);
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < shape.rank(); i++) {
      if (!axes.get().contains(i)) {
        dims.add(shape.dim(i));
      } else if (keeps(c)) {
        dims.add(Dim.of(1));
      }
    }
    return new TensorShape(dims);
  }

  /** What is left of a shape by axes that only data tell: sizes of 1 stay, others may become it. */
  private static TensorShape computedShape(ShapeContext c, TensorShape shape) {
    if (keeps(c)) {
      Dim one = Dim.of(1);
      return new TensorShape(
          shape.dims().stream().map(d -> d.equals(one) ? one : Dim.unknown()).toList());
    }
    int axes = Axes.length(c, 1);
    if (axes > shape.rank()) {
      throw c.error(axes + " axes of " + shape);
    }
    return Axes.unknown(shape.rank() - axes);
  }

  /** What is known of the result where a whole vector of sizes is reduced. */
  private static Optional<List<IndexValue>> total(ShapeContext c, BinaryOperator<IndexValue> rule) {
    return c.shape(0).rank() == 1 && axes(c).equals(Optional.of(List.of(0)))
        ? IndexArithmetic.total(c, rule)
        : Optional.empty();
  }
}
