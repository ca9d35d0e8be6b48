package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Operators that say how large a tensor is, and that make tensors of a given size. */
final class SizeOperators {
  /** The longest vector whose elements are worked out before there is data. */
  private static final int LONGEST = 64;

  static final List<Operator> ALL =
      List.of(
          Operator.named("Shape")
              .shape(c -> TensorShape.of(sizes(c).size()))
              .type(DataType.INT64)
              .values(c -> Optional.of(sizes(c).stream().map(IndexValue::of).toList()))
              .code(SizeOperators::shape)
              .build(),
          Operator.named("Size")
              .shape(c -> TensorShape.of(new long[0]))
              .type(DataType.INT64)
              .values(c -> Optional.of(List.of(IndexValue.of(product(c.shape(0).dims())))))
              .code(
                  c ->
                      "torch.tensor(torch.numel(%1$s), dtype=4, device=%2$s)"
                          .formatted(c.input(0), Types.device(c.input(0))))
              .build(),
          Operator.named("Range")
              .shape(c -> TensorShape.of(length(c)))
              .values(SizeOperators::range)
              .code(SizeOperators::rangeCode)
              .build(),
          Operator.named("ConstantOfShape")
              .shape(SizeOperators::wanted)
              .type((c, output) -> filling(c).type())
              .values(SizeOperators::filled)
              .code(SizeOperators::constantOfShape)
              .build(),
          Operator.named("EyeLike")
              .shape(SizeOperators::matrix)
              .type((c, output) -> eyeType(c))
              .code(SizeOperators::eyeLike)
              .build());

  /** All of start + i·delta before limit; none where delta leads away from it. */
  private static final ScriptMethod RANGE =
      new ScriptMethod(
          "range_of",
          """
            def range_of(self: __torch__.M,
              start: Tensor,
              limit: Tensor,
              delta: Tensor) -> Tensor:
              span = torch.to(torch.sub(limit, start), 7, False, False, None)
              count = int(torch.ceil(torch.div(span, delta)))
              steps = torch.arange(ops.prim.max(count, 0), dtype=ops.prim.dtype(start), layout=None, device=ops.prim.device(start))
              return torch.add(torch.mul(steps, delta), start)
          """);

  private SizeOperators() {}

  /** The size of several dimensions as one; the only one that is not 1 keeps its name. */
  static Dim product(List<Dim> dims) {
    List<Dim> larger = dims.stream().filter(dim -> !dim.equals(Dim.of(1))).toList();
    if (larger.size() == 1) {
      return larger.get(0);
    }
    long elements = new TensorShape(larger).elements();
    return elements == Dim.UNKNOWN ? Dim.unknown() : Dim.of(elements);
  }

  /** The sizes that Shape gives: all, or from {@code start} to {@code end} since opset 15. */
  private static List<Dim> sizes(NodeContext c) {
    int start = start(c);
    return c.shape(0).dims().subList(start, Math.max(start, end(c)));
  }

  private static int start(NodeContext c) {
    return position(c, c.attributes().integer("start", 0));
  }

  private static int end(NodeContext c) {
    return position(c, c.attributes().integer("end", c.shape(0).rank()));
  }

  private static int position(NodeContext c, long position) {
    int rank = c.shape(0).rank();
    long counted = position < 0 ? position + rank : position;
    return (int) Math.max(0, Math.min(rank, counted));
  }

  private static String shape(CodeContext c) {
    return "torch.tensor(torch.slice(torch.size(%s), %d, %d, 1), dtype=4, device=%s)"
        .formatted(c.input(0), start(c), Math.max(start(c), end(c)), Types.device(c.input(0)));
  }

  private static Dim length(ShapeContext c) {
    Optional<double[]> numbers = numbers(c);
    if (numbers.isPresent()) {
      double[] n = numbers.get();
      if (n[2] == 0) {
        throw c.error("a delta of 0 gives no end");
      }
      return Dim.of((long) Math.max(0, Math.ceil((n[1] - n[0]) / n[2])));
    }
    boolean counts =
        c.longs(0).filter(start -> start[0] == 0).isPresent()
            && c.longs(2).filter(delta -> delta[0] == 1).isPresent();
    return counts
        ? c.values(1).map(limit -> limit.get(0).dim()).orElse(Dim.unknown())
        : Dim.unknown();
  }

  /** Start, limit and delta, where all of them are known. */
  private static Optional<double[]> numbers(NodeContext c) {
    double[] numbers = new double[3];
    for (int i = 0; i < 3; i++) {
      Optional<Tensor> constant = c.constant(i);
      if (c.longs(i).isPresent()) {
        numbers[i] = c.longs(i).get()[0];
      } else if (constant.isPresent() && constant.get().type() == DataType.FLOAT) {
        numbers[i] = constant.get().floats()[0];
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(numbers);
  }

  private static Optional<List<IndexValue>> range(ShapeContext c) {
    Dim length = length(c);
    Optional<long[]> start = c.longs(0);
    Optional<long[]> delta = c.longs(2);
    if (start.isEmpty() || delta.isEmpty() || !length.known() || length.size() > LONGEST) {
      return Optional.empty();
    }
    return Optional.of(
        LongStream.range(0, length.size())
            .mapToObj(i -> IndexValue.of(start.get()[0] + i * delta.get()[0]))
            .toList());
  }

  private static String rangeCode(CodeContext c) {
    c.method(RANGE);
    return "(self).range_of(%s, %s, %s, )".formatted(c.input(0), c.input(1), c.input(2));
  }

  /** The shape that an input asks for. */
  private static TensorShape wanted(ShapeContext c) {
    return c.values(0)
        .map(sizes -> new TensorShape(sizes.stream().map(IndexValue::dim).toList()))
        .orElseGet(() -> Axes.unknown(Axes.length(c, 0)));
  }

  private static Tensor filling(NodeContext c) {
    return c.attributes().tensor("value").orElse(Tensor.of(new float[] {0}, 1));
  }

  private static Optional<List<IndexValue>> filled(ShapeContext c) {
    Tensor value = filling(c);
    TensorShape shape = wanted(c);
    if (value.type() == DataType.FLOAT || shape.rank() > 1 || !shape.known()) {
      return Optional.empty();
    }
    long elements = shape.elements();
    return elements > LONGEST
        ? Optional.empty()
        : Optional.of(Collections.nCopies((int) elements, IndexValue.of(value.longs()[0])));
  }

  private static String constantOfShape(CodeContext c) {
    Tensor value = filling(c);
    String number =
        value.type() == DataType.FLOAT
            ? Literals.number(value.floats()[0])
            : Literals.number(value.longs()[0]);
    return "torch.full(%s, %s, dtype=%d, layout=None, device=%s)"
        .formatted(c.integers(0), number, Types.aten(value.type()), Types.device(c.input(0)));
  }

  private static TensorShape matrix(ShapeContext c) {
    if (c.shape(0).rank() != 2) {
      throw c.error("expected a matrix, found " + c.shape(0));
    }
    return c.shape(0);
  }

  private static DataType eyeType(NodeContext c) {
    return c.attributes().has("dtype")
        ? Types.held(c, c.attributes().integer("dtype", 0))
        : c.type(0);
  }

  private static String eyeLike(CodeContext c) {
    String arange = "torch.arange(torch.size(%1$s, %2$d), dtype=4, layout=None, device=%3$s)";
    List<String> positions =
        IntStream.range(0, 2)
            .mapToObj(axis -> arange.formatted(c.input(0), axis, Types.device(c.input(0))))
            .toList();
    String rows = "torch.unsqueeze(" + positions.get(0) + ", 1)";
    long diagonal = c.attributes().integer("k", 0);
    return Types.cast(
        "torch.eq(%s, torch.add(%s, %d))".formatted(positions.get(1), rows, diagonal),
        Types.aten(eyeType(c)));
  }
}
