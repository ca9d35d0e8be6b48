package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Squeeze and Unsqueeze, which take away and add axes of size 1. */
final class RankOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Squeeze")
              .shape(RankOperators::squeezeShape)
              .code(RankOperators::squeeze)
              .values(c -> c.values(0))
              .preservesGrid()
              .build(),
          Operator.named("Unsqueeze")
              .shape(RankOperators::unsqueezeShape)
              .code(RankOperators::unsqueeze)
              .values(c -> c.values(0))
              .preservesGrid()
              .build());

  /** Unsqueeze where axes are computed; they count in the output, and are added from the left. */
  private static final ScriptMethod UNSQUEEZE =
      new ScriptMethod(
          "unsqueeze_axes",
          """
            def unsqueeze_axes(self: __torch__.M,
              x: Tensor,
              axes: List[int]) -> Tensor:
              rank = torch.add(torch.dim(x), torch.len(axes))
              places = annotate(List[int], [])
              for i in range(torch.len(axes)):
                _0 = torch.append(places, torch.remainder(axes[i], rank))
              torch.sort(places)
              y = x
              for i0 in range(torch.len(places)):
                y0 = torch.unsqueeze(y, places[i0])
                y = y0
              return y
          """);

  private RankOperators() {}

  /** Axes as they are written: an input since opset 13, an attribute before. */
  private static Optional<long[]> given(NodeContext c) {
    return c.has(1)
        ? c.longs(1)
        : Optional.of(
            c.attributes().integers("axes").orElse(List.of()).stream()
                .mapToLong(Long::longValue)
                .toArray());
  }

  private static List<Integer> counted(NodeContext c, long[] axes, int rank) {
    List<Integer> counted =
        LongStream.of(axes).mapToObj(axis -> Axes.axis(c, axis, rank)).sorted().toList();
    if (new HashSet<>(counted).size() < counted.size()) {
      throw c.error("an axis is named twice in " + LongStream.of(axes).boxed().toList());
    }
    return counted;
  }

  /** The axes that Squeeze takes away, where they are known: without a choice all of size 1. */
  private static Optional<List<Integer>> squeezed(NodeContext c) {
    TensorShape shape = c.shape(0);
    return given(c)
        .map(
            axes ->
                axes.length > 0
                    ? counted(c, axes, shape.rank())
                    : IntStream.range(0, shape.rank())
                        .filter(i -> shape.dim(i).equals(Dim.of(1)))
                        .boxed()
                        .toList());
  }

  private static TensorShape squeezeShape(ShapeContext c) {
    TensorShape shape = c.shape(0);
    Optional<List<Integer>> known = squeezed(c);
    if (known.isEmpty()) {
      int left = shape.rank() - Axes.length(c, 1);
      if (left < 0) {
        throw c.error("there are more axes to squeeze than " + shape + " has");
      }
      return Axes.unknown(left);
    }
    List<Integer> axes = known.get();
    for (int axis : axes) {
      if (shape.dim(axis).known() && shape.dim(axis).size() != 1) {
        throw c.error("axis " + axis + " of " + shape + " is not 1");
      }
    }
    return new TensorShape(
        IntStream.range(0, shape.rank())
            .filter(i -> !axes.contains(i))
            .mapToObj(shape::dim)
            .toList());
  }

  private static String squeeze(CodeContext c) {
    String axes =
        squeezed(c)
            .map(known -> Literals.list(known.stream().mapToLong(Integer::longValue).toArray()))
            .orElseGet(() -> c.integers(1));
    return "torch.squeeze(%s, %s)".formatted(c.input(0), axes);
  }

  private static TensorShape unsqueezeShape(ShapeContext c) {
    Optional<long[]> axes = given(c);
    int rank = c.shape(0).rank();
    if (axes.isEmpty()) {
      return Axes.unknown(rank + Axes.length(c, 1));
    }
    List<Dim> dims = new ArrayList<>(c.shape(0).dims());
    counted(c, axes.get(), rank + axes.get().length).forEach(axis -> dims.add(axis, Dim.of(1)));
    return new TensorShape(dims);
  }

  private static String unsqueeze(CodeContext c) {
    Optional<long[]> axes = given(c);
    if (axes.isEmpty()) {
      c.method(UNSQUEEZE);
      return "(self).unsqueeze_axes(%s, %s, )".formatted(c.input(0), c.integers(1));
    }
    String expression = c.input(0);
    for (int axis : counted(c, axes.get(), c.shape(0).rank() + axes.get().length)) {
      expression = "torch.unsqueeze(" + expression + ", " + axis + ")";
    }
    return expression;
  }
}
