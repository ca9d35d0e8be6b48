package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Operators that move values without changing them. */
final class LayoutOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Identity").preservesGrid().build(),
          Operator.named("Dropout").preservesGrid().build(),
          Operator.named("Flatten")
              .shape(LayoutOperators::flattenShape)
              .code(LayoutOperators::flatten)
              .preservesGrid()
              .build(),
          Operator.named("Reshape")
              .shape(LayoutOperators::reshapeShape)
              .code(LayoutOperators::reshape)
              .preservesGrid()
              .build(),
          Operator.named("Squeeze")
              .shape(LayoutOperators::squeezeShape)
              .code(LayoutOperators::squeeze)
              .preservesGrid()
              .build(),
          Operator.named("Unsqueeze")
              .shape(LayoutOperators::unsqueezeShape)
              .code(LayoutOperators::unsqueeze)
              .preservesGrid()
              .build(),
          Operator.named("Transpose")
              .shape(LayoutOperators::transposeShape)
              .code(c -> "torch.permute(%s, %s)".formatted(c.input(0), Window.list(order(c))))
              .preservesGrid()
              .build(),
          Operator.named("Concat")
              .shape(LayoutOperators::concatShape)
              .code(LayoutOperators::concat)
              .build());

  private LayoutOperators() {}

  private static TensorShape flattenShape(ShapeContext c) {
    TensorShape shape = c.shape(0);
    int axis = axis(c, c.attributes().integer("axis", 1), shape.rank());
    return TensorShape.of(
        product(shape.dims().subList(0, axis)), product(shape.dims().subList(axis, shape.rank())));
  }

  private static Dim product(List<Dim> dims) {
    if (dims.size() == 1) {
      return dims.get(0);
    }
    long elements = new TensorShape(dims).elements();
    return elements == Dim.UNKNOWN ? Dim.unknown() : Dim.of(elements);
  }

  private static String flatten(CodeContext c) {
    int rank = c.shape(0).rank();
    int axis = axis(c, c.attributes().integer("axis", 1), rank);
    if (axis == 1 && rank > 1) {
      return "torch.flatten(" + c.input(0) + ", 1, -1)";
    }
    String rows =
        IntStream.range(0, axis)
            .mapToObj(i -> "torch.size(" + c.input(0) + ", " + i + ")")
            .collect(Collectors.joining(" * "));
    return "torch.reshape(%s, [%s, -1])".formatted(c.input(0), rows.isEmpty() ? "1" : rows);
  }

  private static TensorShape reshapeShape(ShapeContext c) {
    TensorShape input = c.shape(0);
    long[] wanted = c.required(1).longs();
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < wanted.length; i++) {
      boolean copied = wanted[i] == 0 && !c.attributes().flag("allowzero", false);
      if (copied && i >= input.rank()) {
        throw c.error("size 0 at axis " + i + " copies an axis that " + input + " does not have");
      }
      dims.add(copied ? input.dim(i) : wanted[i] < 0 ? Dim.unknown() : Dim.of(wanted[i]));
    }
    int free = IntStream.range(0, wanted.length).filter(i -> wanted[i] < 0).findFirst().orElse(-1);
    return free < 0 ? checked(c, input, dims) : solved(c, input, dims, free);
  }

  private static TensorShape checked(ShapeContext c, TensorShape input, List<Dim> dims) {
    TensorShape result = new TensorShape(dims);
    if (input.known() && result.known() && input.elements() != result.elements()) {
      throw c.error("cannot reshape " + input + " to " + result);
    }
    return result;
  }

  /** Fills in the one free dimension; unknown dimensions that are merely copied cancel out. */
  private static TensorShape solved(ShapeContext c, TensorShape input, List<Dim> dims, int free) {
    List<Dim> from = new ArrayList<>(input.dims());
    List<Dim> to = new ArrayList<>(dims);
    to.remove(free);
    to.removeIf(d -> !d.known() && d.symbol() != null && from.remove(d));
    Optional<Dim> batch = onlyUnknown(from, to);
    if (batch.isPresent()) {
      return new TensorShape(dims).with(free, batch.get());
    }
    long elements = new TensorShape(from).elements();
    long others = new TensorShape(to).elements();
    if (elements == Dim.UNKNOWN || others == Dim.UNKNOWN) {
      return new TensorShape(dims);
    }
    if (others == 0 || elements % others != 0) {
      throw c.error("cannot reshape " + input + " to " + new TensorShape(dims));
    }
    return new TensorShape(dims).with(free, Dim.of(elements / others));
  }

  /** The only unknown size of the input, if the other sizes hold as much before as after. */
  private static Optional<Dim> onlyUnknown(List<Dim> from, List<Dim> to) {
    List<Dim> unknown = from.stream().filter(d -> !d.known()).toList();
    TensorShape rest = new TensorShape(from.stream().filter(Dim::known).toList());
    return unknown.size() == 1 && rest.elements() == new TensorShape(to).elements()
        ? Optional.of(unknown.get(0))
        : Optional.empty();
  }

  private static String reshape(CodeContext c) {
    long[] wanted = c.required(1).longs();
    boolean allowZero = c.attributes().flag("allowzero", false);
    String sizes =
        IntStream.range(0, wanted.length)
            .mapToObj(
                i ->
                    wanted[i] == 0 && !allowZero
                        ? "torch.size(" + c.input(0) + ", " + i + ")"
                        : Long.toString(wanted[i]))
            .collect(Collectors.joining(", ", "[", "]"));
    return "torch.reshape(%s, %s)".formatted(c.input(0), sizes);
  }

  /** The axes of Squeeze and Unsqueeze: an input since opset 13, an attribute before. */
  private static List<Integer> axes(NodeContext c, int rank) {
    List<Long> axes =
        c.has(1)
            ? Arrays.stream(c.required(1).longs()).boxed().toList()
            : c.attributes().integers("axes").orElse(List.of());
    return axes.stream().map(a -> axis(c, a, rank - 1, rank)).sorted().toList();
  }

  private static List<Integer> squeezed(NodeContext c) {
    TensorShape shape = c.shape(0);
    List<Integer> axes = axes(c, shape.rank());
    return axes.isEmpty()
        ? IntStream.range(0, shape.rank())
            .filter(i -> shape.dim(i).equals(Dim.of(1)))
            .boxed()
            .toList()
        : axes;
  }

  private static TensorShape squeezeShape(ShapeContext c) {
    List<Integer> axes = squeezed(c);
    for (int axis : axes) {
      if (c.shape(0).dim(axis).known() && c.shape(0).dim(axis).size() != 1) {
        throw c.error("axis " + axis + " of " + c.shape(0) + " is not 1");
      }
    }
    return new TensorShape(
        IntStream.range(0, c.shape(0).rank())
            .filter(i -> !axes.contains(i))
            .mapToObj(c.shape(0)::dim)
            .toList());
  }

  private static String squeeze(CodeContext c) {
    String expression = c.input(0);
    List<Integer> axes = squeezed(c);
    for (int i = axes.size() - 1; i >= 0; i--) {
      expression = "torch.squeeze(" + expression + ", " + axes.get(i) + ")";
    }
    return expression;
  }

  private static List<Integer> unsqueezed(NodeContext c) {
    int added =
        c.has(1) ? c.required(1).size() : c.attributes().integers("axes").map(List::size).orElse(0);
    return axes(c, c.shape(0).rank() + added);
  }

  private static TensorShape unsqueezeShape(ShapeContext c) {
    List<Dim> dims = new ArrayList<>(c.shape(0).dims());
    unsqueezed(c).forEach(axis -> dims.add(axis, Dim.of(1)));
    return new TensorShape(dims);
  }

  private static String unsqueeze(CodeContext c) {
    String expression = c.input(0);
    for (int axis : unsqueezed(c)) {
      expression = "torch.unsqueeze(" + expression + ", " + axis + ")";
    }
    return expression;
  }

  private static List<Long> order(NodeContext c) {
    int rank = c.shape(0).rank();
    List<Long> axes = LongStream.range(0, rank).map(i -> rank - 1 - i).boxed().toList();
    List<Long> order = c.attributes().integers("perm").orElse(axes);
    if (order.size() != rank || !order.containsAll(axes)) {
      throw c.error(order + " is no order of the axes of " + c.shape(0));
    }
    return order;
  }

  private static TensorShape transposeShape(ShapeContext c) {
    return new TensorShape(order(c).stream().map(i -> c.shape(0).dim(i.intValue())).toList());
  }

  private static int inputs(NodeContext c) {
    return c.node().inputs().size();
  }

  private static TensorShape concatShape(ShapeContext c) {
    TensorShape first = c.shape(0);
    int axis = axis(c, c.attributes().integer("axis", 0), first.rank() - 1, first.rank());
    for (int i = 1; i < inputs(c); i++) {
      requireAlike(c, first, c.shape(i), axis);
    }
    List<Dim> parts = IntStream.range(0, inputs(c)).mapToObj(i -> c.shape(i).dim(axis)).toList();
    boolean known = parts.stream().allMatch(Dim::known);
    return first.with(
        axis, known ? Dim.of(parts.stream().mapToLong(Dim::size).sum()) : Dim.unknown());
  }

  private static void requireAlike(NodeContext c, TensorShape a, TensorShape b, int axis) {
    boolean alike = a.rank() == b.rank();
    for (int i = 0; alike && i < a.rank(); i++) {
      boolean known = a.dim(i).known() && b.dim(i).known();
      alike = i == axis || !known || a.dim(i).equals(b.dim(i));
    }
    if (!alike) {
      throw c.error("shapes " + a + " and " + b + " do not go together along axis " + axis);
    }
  }

  private static String concat(CodeContext c) {
    String parts =
        IntStream.range(0, inputs(c))
            .mapToObj(c::input)
            .collect(Collectors.joining(", ", "[", "]"));
    return "torch.cat(%s, %d)".formatted(parts, c.attributes().integer("axis", 0));
  }

  private static int axis(NodeContext c, long axis, int rank) {
    return axis(c, axis, rank, rank);
  }

  /** An axis counted from the beginning; {@code last} is the largest that is one. */
  static int axis(NodeContext c, long axis, int last, int rank) {
    if (axis < -rank || axis > last) {
      throw c.error("axis " + axis + " is outside a tensor of rank " + rank);
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }
}
