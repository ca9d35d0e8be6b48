package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Operators that compute with shapes and positions, and that read at positions. */
final class IndexOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Shape")
              .shape(c -> TensorShape.of(sizes(c).size()))
              .type(DataType.INT64)
              .values(c -> Optional.of(sizes(c).stream().map(IndexValue::of).toList()))
              .code(IndexOperators::shape)
              .build(),
          Operator.named("Size")
              .shape(c -> TensorShape.of(new long[0]))
              .type(DataType.INT64)
              .code(c -> "torch.tensor(torch.numel(%s), dtype=4)".formatted(c.input(0)))
              .build(),
          Operator.named("Gather")
              .shape(IndexOperators::gatherShape)
              .values(IndexOperators::gathered)
              .code(IndexOperators::gather)
              .preservesGrid()
              .build(),
          Operator.named("Slice")
              .shape(IndexOperators::sliceShape)
              .values(IndexOperators::sliced)
              .code(IndexOperators::slice)
              .preservesGrid()
              .build(),
          Operator.named("Range")
              .shape(IndexOperators::rangeShape)
              .code(
                  c ->
                      "torch.arange(%s, %s, %s, dtype=%d)"
                          .formatted(
                              scalar(c, 0), scalar(c, 1), scalar(c, 2), Types.aten(c.type(0))))
              .build(),
          Operator.named("ConstantOfShape")
              .shape(IndexOperators::wantedShape)
              .type((c, output) -> filling(c).type())
              .values(IndexOperators::filled)
              .code(IndexOperators::constantOfShape)
              .build(),
          Operator.named("Where")
              .shape(
                  c ->
                      ElementwiseOperators.broadcast(
                          c,
                          ElementwiseOperators.broadcast(c, c.shape(0), c.shape(1)),
                          c.shape(2)))
              .type((c, output) -> c.type(1))
              .code(c -> "torch.where(%s, %s, %s)".formatted(c.input(0), c.input(1), c.input(2)))
              .build());

  private IndexOperators() {}

  /** The sizes that Shape gives: all, or from {@code start} to {@code end} since opset 15. */
  private static List<Dim> sizes(NodeContext c) {
    List<Dim> dims = c.shape(0).dims();
    int start = position(c.attributes().integer("start", 0), dims.size());
    int end = position(c.attributes().integer("end", dims.size()), dims.size());
    return dims.subList(Math.min(start, end), end);
  }

  private static int position(long position, int length) {
    long counted = position < 0 ? position + length : position;
    return (int) Math.max(0, Math.min(length, counted));
  }

  private static String shape(CodeContext c) {
    int rank = c.shape(0).rank();
    int start = position(c.attributes().integer("start", 0), rank);
    int end = position(c.attributes().integer("end", rank), rank);
    String sizes = c.let("torch.size(" + c.input(0) + ")");
    return "torch.tensor(torch.slice(%s, %d, %d, 1), dtype=4)"
        .formatted(sizes, start, Math.max(start, end));
  }

  private static int axis(NodeContext c) {
    int rank = c.shape(0).rank();
    return LayoutOperators.axis(c, c.attributes().integer("axis", 0), rank - 1, rank);
  }

  private static TensorShape gatherShape(ShapeContext c) {
    int axis = axis(c);
    List<Dim> dims = new ArrayList<>(c.shape(0).dims().subList(0, axis));
    dims.addAll(c.shape(1).dims());
    dims.addAll(c.shape(0).dims().subList(axis + 1, c.shape(0).rank()));
    return new TensorShape(dims);
  }

  private static Optional<List<IndexValue>> gathered(ShapeContext c) {
    Optional<List<IndexValue>> source = c.values(0);
    Optional<long[]> positions = c.longs(1);
    if (source.isEmpty() || positions.isEmpty() || c.shape(0).rank() != 1) {
      return Optional.empty();
    }
    List<IndexValue> elements = source.get();
    List<IndexValue> found = new ArrayList<>();
    for (long position : positions.get()) {
      int at = (int) (position < 0 ? position + elements.size() : position);
      if (at < 0 || at >= elements.size()) {
        throw c.error("position " + position + " is outside of " + elements.size() + " elements");
      }
      found.add(elements.get(at));
    }
    return Optional.of(found);
  }

  private static String gather(CodeContext c) {
    int axis = axis(c);
    String size = c.let("torch.size(%s, %d)".formatted(c.input(0), axis));
    String positions = c.let(Types.cast(c.input(1), Types.INT64));
    // ATen counts negative positions as errors here.
    String counted =
        c.let(
            "torch.where(torch.lt(%1$s, 0), torch.add(%1$s, %2$s), %1$s)"
                .formatted(positions, size));
    String picked =
        c.let(
            "torch.index_select(%s, %d, torch.flatten(%s))".formatted(c.input(0), axis, counted));
    int indices = c.shape(1).rank();
    if (indices == 1) {
      return picked;
    }
    if (indices == 0) {
      return "torch.squeeze(%s, %d)".formatted(picked, axis);
    }
    String before = "torch.slice(torch.size(%s), 0, %d, 1)".formatted(c.input(0), axis);
    String after =
        "torch.slice(torch.size(%s), %d, %d, 1)"
            .formatted(c.input(0), axis + 1, c.shape(0).rank());
    return "torch.reshape(%s, torch.add(torch.add(%s, torch.size(%s)), %s))"
        .formatted(picked, before, counted, after);
  }

  /**
   * What Slice takes out of one axis.
   *
   * @param axis the axis
   * @param start the first position, or one from the end where negative
   * @param end the position to stop before
   * @param step the distance of neighbours; negative to walk backwards
   */
  private record Part(int axis, long start, long end, long step) {
    /** The positions taken of an axis of a known length. */
    List<Integer> positions(long length) {
      long first = start < 0 ? start + length : start;
      long last = end < 0 ? end + length : end;
      List<Integer> positions = new ArrayList<>();
      if (step > 0) {
        long stop = Math.min(last, length);
        for (long i = Math.max(0, first); i < stop; i += step) {
          positions.add((int) i);
        }
      } else {
        long stop = Math.max(last, -1);
        for (long i = Math.min(first, length - 1); i > stop; i += step) {
          positions.add((int) i);
        }
      }
      return positions;
    }
  }

  /** Where starts, ends, axes and steps come from: inputs since opset 10, attributes before. */
  private static Optional<long[]> bounds(NodeContext c, int input, String attribute) {
    return c.node().inputs().size() > 1
        ? c.longs(input)
        : c.attributes()
            .integers(attribute)
            .map(list -> list.stream().mapToLong(Long::longValue).toArray());
  }

  private static int sliceCount(NodeContext c) {
    return c.node().inputs().size() > 1
        ? LayoutOperators.length(c, 1)
        : c.attributes().integers("starts").map(List::size).orElse(0);
  }

  private static long[] sliceAxes(NodeContext c) {
    int rank = c.shape(0).rank();
    boolean given =
        c.node().inputs().size() > 1 ? c.has(3) : c.attributes().integers("axes").isPresent();
    long[] axes =
        given
            ? bounds(c, 3, "axes")
                .orElseGet(() -> LayoutOperators.requiredLongs(c, 3))
            : LongStream.range(0, sliceCount(c)).toArray();
    return Arrays.stream(axes).map(a -> LayoutOperators.axis(c, a, rank - 1, rank)).toArray();
  }

  private static Optional<List<Part>> parts(NodeContext c) {
    long[] axes = sliceAxes(c);
    Optional<long[]> starts = bounds(c, 1, "starts");
    Optional<long[]> ends = bounds(c, 2, "ends");
    Optional<long[]> steps =
        c.has(4) ? c.longs(4) : Optional.of(LongStream.range(0, axes.length).map(i -> 1).toArray());
    if (starts.isEmpty() || ends.isEmpty() || steps.isEmpty()) {
      return Optional.empty();
    }
    long[] from = starts.get();
    long[] to = ends.get();
    long[] by = steps.get();
    if (from.length != axes.length || to.length != axes.length || by.length != axes.length) {
      throw c.error("starts, ends, axes and steps differ in length");
    }
    if (Arrays.stream(by).anyMatch(step -> step == 0)) {
      throw c.error("steps of 0");
    }
    return Optional.of(
        IntStream.range(0, axes.length)
            .mapToObj(i -> new Part((int) axes[i], from[i], to[i], by[i]))
            .toList());
  }

  private static TensorShape sliceShape(ShapeContext c) {
    TensorShape shape = c.shape(0);
    Optional<List<Part>> parts = parts(c);
    if (parts.isEmpty()) {
      for (long axis : sliceAxes(c)) {
        shape = shape.with((int) axis, Dim.unknown());
      }
      return shape;
    }
    for (Part part : parts.get()) {
      Dim dim = c.shape(0).dim(part.axis());
      boolean whole = part.start() == 0 && part.end() >= Integer.MAX_VALUE && part.step() == 1;
      if (!whole) {
        shape =
            shape.with(
                part.axis(),
                dim.known() ? Dim.of(part.positions(dim.size()).size()) : Dim.unknown());
      }
    }
    return shape;
  }

  private static Optional<List<IndexValue>> sliced(ShapeContext c) {
    Optional<List<IndexValue>> source = c.values(0);
    Optional<List<Part>> parts = parts(c);
    if (source.isEmpty() || parts.isEmpty() || parts.get().size() != 1) {
      return Optional.empty();
    }
    List<IndexValue> elements = source.get();
    return Optional.of(
        parts.get().get(0).positions(elements.size()).stream().map(elements::get).toList());
  }

  private static String slice(CodeContext c) {
    Optional<List<Part>> known = parts(c);
    long[] axes = sliceAxes(c);
    String x = c.input(0);
    if (known.isPresent()) {
      for (Part part : known.get()) {
        x = c.let(slice(c, x, part));
      }
      return x;
    }
    c.method(SLICE);
    String starts = c.integers(1);
    String ends = c.integers(2);
    String steps = c.has(4) ? c.integers(4) : "";
    for (int i = 0; i < axes.length; i++) {
      String step = steps.isEmpty() ? "1" : element(steps, i);
      x =
          c.let(
              "(self).slice_axis(%s, %d, %s, %s, %s, )"
                  .formatted(x, axes[i], element(starts, i), element(ends, i), step));
    }
    return x;
  }

  private static String element(String list, int i) {
    return "(" + list + ")[" + i + "]";
  }

  private static String slice(CodeContext c, String x, Part part) {
    if (part.step() > 0) {
      return "torch.slice(%s, %d, %d, %d, %d)"
          .formatted(x, part.axis(), part.start(), part.end(), part.step());
    }
    c.method(SLICE);
    return "(self).slice_axis(%s, %d, %d, %d, %d, )"
        .formatted(x, part.axis(), part.start(), part.end(), part.step());
  }

  /** A slice whose step may be negative, which ATen's may not. */
  private static final ScriptMethod SLICE =
      new ScriptMethod(
          "slice_axis",
          """
            def slice_axis(self: __torch__.M,
              x: Tensor,
              axis: int,
              start: int,
              end: int,
              step: int) -> Tensor:
              if torch.gt(step, 0):
                y = torch.slice(x, axis, start, end, step)
              else:
                n = torch.size(x, axis)
                if torch.lt(start, 0):
                  first = torch.add(start, n)
                else:
                  first = start
                if torch.lt(end, 0):
                  last = torch.add(end, n)
                else:
                  last = end
                first0 = ops.prim.min(first, torch.sub(n, 1))
                last0 = ops.prim.max(last, -1)
                count = torch.floordiv(torch.sub(torch.sub(torch.sub(first0, last0), step), 1), torch.neg(step))
                count0 = ops.prim.max(count, 0)
                steps = torch.arange(count0, dtype=4, layout=None, device=ops.prim.device(x), pin_memory=None)
                positions = torch.add(torch.mul(steps, step), first0)
                y = torch.index_select(x, axis, positions)
              return y
          """);

  private static String scalar(CodeContext c, int input) {
    return c.longs(input)
        .map(values -> Long.toString(values[0]))
        .orElseGet(
            () ->
                c.let((c.type(input) == DataType.FLOAT ? "float(" : "int(") + c.input(input) + ")"));
  }

  private static TensorShape rangeShape(ShapeContext c) {
    Optional<long[]> start = c.longs(0);
    Optional<long[]> limit = c.longs(1);
    Optional<long[]> delta = c.longs(2);
    if (start.isEmpty() || limit.isEmpty() || delta.isEmpty()) {
      return LayoutOperators.unknown(1);
    }
    long step = delta.get()[0];
    long span = limit.get()[0] - start.get()[0];
    return TensorShape.of(Math.max(0, -Math.floorDiv(-span, step)));
  }

  private static TensorShape wantedShape(ShapeContext c) {
    return c.values(0)
        .map(sizes -> new TensorShape(sizes.stream().map(IndexValue::dim).toList()))
        .orElseGet(() -> LayoutOperators.unknown(LayoutOperators.length(c, 0)));
  }

  private static Tensor filling(NodeContext c) {
    return c.attributes().tensor("value").orElse(Tensor.of(new float[] {0}, 1));
  }

  private static Optional<List<IndexValue>> filled(ShapeContext c) {
    Tensor value = filling(c);
    TensorShape shape = wantedShape(c);
    if (value.type() != DataType.INT64 || shape.rank() > 1 || !shape.known()) {
      return Optional.empty();
    }
    long elements = shape.elements();
    return elements > 64
        ? Optional.empty()
        : Optional.of(Collections.nCopies((int) elements, IndexValue.of(value.longs()[0])));
  }

  private static String constantOfShape(CodeContext c) {
    Tensor value = filling(c);
    String number =
        value.type() == DataType.FLOAT
            ? Literals.number(value.floats()[0])
            : Long.toString(value.longs()[0]);
    return "torch.full(%s, %s, dtype=%d)"
        .formatted(c.integers(0), number, Types.aten(value.type()));
  }
}
