package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Slice. */
final class SliceOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Slice")
              .shape(SliceOperators::shape)
              .values(SliceOperators::values)
              .code(SliceOperators::code)
              .preservesGrid()
              .build());

  /**
   * Slices one axis after the other; steps may be negative, which ATen's may not. ONNX writes "to
   * the end" as the largest numbers there are: with steps like these sums would wrap.
   */
  private static final ScriptMethod SLICE =
      new ScriptMethod(
          "slice_axes",
          """
            def slice_axes(self: __torch__.M,
              x: Tensor,
              starts: List[int],
              ends: List[int],
              axes: List[int],
              steps: List[int]) -> Tensor:
              y = x
              for i in range(torch.len(axes)):
                axis = axes[i]
                start = starts[i]
                end = ends[i]
                step = ops.prim.max(ops.prim.min(steps[i], 2147483647), -2147483647)
                if torch.gt(step, 0):
                  y0 = torch.slice(y, axis, start, end, step)
                else:
                  n = torch.size(y, axis)
                  if torch.lt(start, 0):
                    start0 = torch.add(start, n)
                  else:
                    start0 = start
                  if torch.lt(end, 0):
                    end0 = torch.add(end, n)
                  else:
                    end0 = end
                  first = ops.prim.min(ops.prim.max(start0, 0), torch.sub(n, 1))
                  last = ops.prim.max(end0, -1)
                  span = torch.sub(torch.sub(torch.sub(first, last), step), 1)
                  count = ops.prim.max(torch.floordiv(span, torch.neg(step)), 0)
                  order = torch.arange(count, dtype=4, layout=None, device=ops.prim.device(y))
                  y0 = torch.index_select(y, axis, torch.add(torch.mul(order, step), first))
                y = y0
              return y
          """);

  private SliceOperators() {}

  /**
   * What Slice takes out of one axis.
   *
   * @param axis the axis
   * @param start the first position, or one from the end where negative
   * @param end the position to stop before
   * @param step the distance of neighbours; negative to walk backwards
   */
  private record Part(int axis, long start, long end, long step) {
    /** The largest numbers there are stand for ends; sums of these would wrap. */
    Part {
      start = near(start);
      end = near(end);
      step = near(step);
    }

    private static long near(long position) {
      return Math.max(-Integer.MAX_VALUE, Math.min(Integer.MAX_VALUE, position));
    }

    /** Whether it takes all of an axis of any length. */
    boolean whole() {
      return step == 1
          ? start == 0 && end == Integer.MAX_VALUE
          : step == -1 && (start == -1 || start == Integer.MAX_VALUE) && end == -Integer.MAX_VALUE;
    }

    /** The positions taken of an axis of a known length. */
    List<Long> positions(long length) {
      long start0 = start < 0 ? start + length : start;
      long end0 = end < 0 ? end + length : end;
      long first = Math.max(0, Math.min(start0, step > 0 ? length : length - 1));
      long span = step > 0 ? Math.min(end0, length) - first : first - Math.max(end0, -1);
      long count = length == 0 ? 0 : Math.max(0, -Math.floorDiv(-span, Math.abs(step)));
      return LongStream.range(0, count).mapToObj(i -> first + i * step).toList();
    }

    /** How many positions are taken of an axis. */
    Dim taken(Dim dim) {
      if (whole()) {
        return dim;
      }
      return dim.known() ? Dim.of(positions(dim.size()).size()) : Dim.unknown();
    }
  }

  private static boolean byInputs(NodeContext c) {
    return c.node().inputs().size() > 1;
  }

  /** Starts, ends or axes: inputs since opset 10, attributes before. */
  private static Optional<long[]> numbers(NodeContext c, int input, String attribute) {
    return byInputs(c)
        ? c.longs(input)
        : c.attributes()
            .integers(attribute)
            .map(list -> list.stream().mapToLong(Long::longValue).toArray());
  }

  private static int count(NodeContext c) {
    return byInputs(c)
        ? Axes.length(c, 1)
        : c.attributes()
            .integers("starts")
            .orElseThrow(() -> c.error("attribute `starts` is missing"))
            .size();
  }

  /** The axes, where they are known; without a choice the first ones. */
  private static Optional<long[]> axes(NodeContext c) {
    int rank = c.shape(0).rank();
    boolean given = byInputs(c) ? c.has(3) : c.attributes().has("axes");
    Optional<long[]> axes =
        given ? numbers(c, 3, "axes") : Optional.of(LongStream.range(0, count(c)).toArray());
    return axes.map(all -> LongStream.of(all).map(axis -> Axes.axis(c, axis, rank)).toArray());
  }

  private static Optional<long[]> steps(NodeContext c) {
    return c.has(4)
        ? c.longs(4)
        : Optional.of(LongStream.generate(() -> 1).limit(count(c)).toArray());
  }

  private static Optional<List<Part>> parts(NodeContext c) {
    Optional<long[]> starts = numbers(c, 1, "starts");
    Optional<long[]> ends = numbers(c, 2, "ends");
    Optional<long[]> axes = axes(c);
    Optional<long[]> steps = steps(c);
    if (starts.isEmpty() || ends.isEmpty() || axes.isEmpty() || steps.isEmpty()) {
      return Optional.empty();
    }
    long[] from = starts.get();
    long[] to = ends.get();
    long[] at = axes.get();
    long[] by = steps.get();
    if (to.length != from.length || at.length != from.length || by.length != from.length) {
      throw c.error(
          "expected as many ends, axes and steps as starts (%d), found %d, %d and %d"
              .formatted(from.length, to.length, at.length, by.length));
    }
    if (LongStream.of(by).anyMatch(step -> step == 0)) {
      throw c.error("a step of 0 leads nowhere");
    }
    return Optional.of(
        IntStream.range(0, from.length)
            .mapToObj(i -> new Part((int) at[i], from[i], to[i], by[i]))
            .toList());
  }

  private static TensorShape shape(ShapeContext c) {
    TensorShape shape = c.shape(0);
    Optional<List<Part>> parts = parts(c);
    if (parts.isPresent()) {
      for (Part part : parts.get()) {
        shape = shape.with(part.axis(), part.taken(shape.dim(part.axis())));
      }
      return shape;
    }
    Optional<long[]> axes = axes(c);
    if (axes.isEmpty()) {
      return Axes.unknown(shape.rank());
    }
    for (long axis : axes.get()) {
      shape = shape.with((int) axis, Dim.unknown());
    }
    return shape;
  }

  private static Optional<List<IndexValue>> values(ShapeContext c) {
    Optional<List<IndexValue>> source = c.values(0);
    Optional<List<Part>> parts = parts(c);
    if (source.isEmpty() || parts.isEmpty() || !RowMajor.holds(c.shape(0), source.get())) {
      return Optional.empty();
    }
    List<List<Long>> offsets = new ArrayList<>(RowMajor.offsets(c.shape(0)));
    for (Part part : parts.get()) {
      List<Long> axis = offsets.get(part.axis());
      offsets.set(
          part.axis(),
          part.positions(axis.size()).stream().map(i -> axis.get(i.intValue())).toList());
    }
    return Optional.of(RowMajor.pick(source.get(), offsets));
  }

  private static String code(CodeContext c) {
    Optional<List<Part>> parts = parts(c);
    if (parts.isPresent()) {
      String x = c.input(0);
      for (Part part : parts.get()) {
        x = c.let(code(c, x, part));
      }
      return x;
    }
    c.method(SLICE);
    String axes = axes(c).map(Literals::list).orElseGet(() -> c.integers(3));
    String steps = steps(c).map(Literals::list).orElseGet(() -> c.integers(4));
    return "(self).slice_axes(%s, %s, %s, %s, %s, )"
        .formatted(c.input(0), c.integers(1), c.integers(2), axes, steps);
  }

  private static String code(CodeContext c, String x, Part part) {
    if (part.step() > 0) {
      return "torch.slice(%s, %d, %d, %d, %d)"
          .formatted(x, part.axis(), part.start(), part.end(), part.step());
    }
    c.method(SLICE);
    return "(self).slice_axes(%s, [%d], [%d], [%d], [%d], )"
        .formatted(x, part.start(), part.end(), part.axis(), part.step());
  }
}
