package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Operators that give the same elements, in the same order, another shape. */
final class ReshapeOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Identity").values(c -> c.values(0)).preservesGrid().build(),
          Operator.named("Flatten")
              .shape(ReshapeOperators::flattenShape)
              .code(ReshapeOperators::flatten)
              .values(c -> c.values(0))
              .preservesGrid()
              .build(),
          Operator.named("Reshape")
              .shape(ReshapeOperators::reshapeShape)
              .code(ReshapeOperators::reshape)
              .values(c -> c.values(0))
              .preservesGrid()
              .build());

  /** Reshape where sizes are computed: 0 copies the input's size. */
  private static final ScriptMethod COPY_ZEROS =
      new ScriptMethod(
          "reshape_copying",
          """
            def reshape_copying(self: __torch__.M,
              x: Tensor,
              sizes: List[int]) -> Tensor:
              wanted = annotate(List[int], [])
              for i in range(torch.len(sizes)):
                size = sizes[i]
                if torch.eq(size, 0):
                  size0 = torch.size(x, i)
                else:
                  size0 = size
                _0 = torch.append(wanted, size0)
              return torch.reshape(x, wanted)
          """);

  private ReshapeOperators() {}

  private static int flattenAxis(NodeContext c) {
    int rank = c.shape(0).rank();
    return Axes.axis(c, c.attributes().integer("axis", 1), rank, rank);
  }

  private static TensorShape flattenShape(ShapeContext c) {
    List<Dim> dims = c.shape(0).dims();
    int axis = flattenAxis(c);
    return TensorShape.of(
        SizeOperators.product(dims.subList(0, axis)),
        SizeOperators.product(dims.subList(axis, dims.size())));
  }

  private static String flatten(CodeContext c) {
    int axis = flattenAxis(c);
    int rank = c.shape(0).rank();
    if (axis == 1 && rank > 1) {
      return "torch.flatten(" + c.input(0) + ", 1, -1)";
    }
    return "torch.reshape(%s, [%s, %s])"
        .formatted(c.input(0), product(c, 0, axis), product(c, axis, rank));
  }

  /** The product of the sizes of neighbouring axes of the first input, as an expression. */
  private static String product(CodeContext c, int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(i -> size(c, i))
        .reduce("torch.mul(%s, %s)"::formatted)
        .orElse("1");
  }

  private static String size(CodeContext c, int axis) {
    return "torch.size(" + c.input(0) + ", " + axis + ")";
  }

  /** The sizes that Reshape asks for: an input since opset 5, an attribute before. */
  private static Optional<List<IndexValue>> wanted(NodeContext c) {
    return c.has(1)
        ? c.values(1)
        : c.attributes().integers("shape").map(s -> s.stream().map(IndexValue::of).toList());
  }

  private static boolean copied(NodeContext c, IndexValue size) {
    return size.known() && size.value() == 0 && !c.attributes().flag("allowzero", false);
  }

  private static boolean free(IndexValue size) {
    return size.known() && size.value() < 0;
  }

  private static TensorShape reshapeShape(ShapeContext c) {
    Optional<List<IndexValue>> known = wanted(c);
    if (known.isEmpty()) {
      return Axes.unknown(Axes.length(c, 1));
    }
    List<IndexValue> wanted = known.get();
    refuse(c, wanted);
    TensorShape input = c.shape(0);
    List<Dim> dims = new ArrayList<>();
    // What is left of the input's sizes without those that are copied.
    List<Dim> from = new ArrayList<>(input.dims());
    for (int i = 0; i < wanted.size(); i++) {
      if (copied(c, wanted.get(i))) {
        Dim dim = copied(c, i);
        from.remove(dim);
        dims.add(dim);
      } else {
        dims.add(wanted.get(i).dim());
      }
    }
    int free =
        IntStream.range(0, wanted.size()).filter(i -> free(wanted.get(i))).findFirst().orElse(-1);
    return free < 0 ? checked(c, dims) : solved(c, from, wanted, new TensorShape(dims), free);
  }

  private static void refuse(NodeContext c, List<IndexValue> wanted) {
    if (wanted.stream().filter(ReshapeOperators::free).count() > 1
        || wanted.stream().anyMatch(size -> size.known() && size.value() < -1)) {
      throw c.error(
          "expected sizes of 0 or more and at most one -1, found "
              + wanted.stream()
                  .map(size -> size.known() ? Long.toString(size.value()) : size.dim().toString())
                  .toList());
    }
  }

  private static Dim copied(ShapeContext c, int axis) {
    TensorShape input = c.shape(0);
    if (axis >= input.rank()) {
      throw c.error("size 0 at axis " + axis + " copies an axis that " + input + " does not have");
    }
    return input.dim(axis);
  }

  private static TensorShape checked(ShapeContext c, List<Dim> dims) {
    TensorShape input = c.shape(0);
    TensorShape result = new TensorShape(dims);
    if (input.known() && result.known() && input.elements() != result.elements()) {
      throw c.error("cannot reshape " + input + " to " + result);
    }
    return result;
  }

  /**
   * Fills in the one free dimension.
   *
   * @param from the input's sizes without those that are copied
   * @param wanted what is asked for
   * @param result the sizes of the output as far as they are known
   * @param free the axis of the free one
   */
  private static TensorShape solved(
      ShapeContext c, List<Dim> from, List<IndexValue> wanted, TensorShape result, int free) {
    List<Dim> rest = new ArrayList<>(from);
    List<Dim> to = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      Dim dim = result.dim(i);
      // Sizes of one name cancel out.
      boolean cancels = copied(c, wanted.get(i)) || (dim.symbol() != null && rest.remove(dim));
      if (i != free && !cancels) {
        to.add(dim);
      }
    }
    Optional<Dim> batch = onlyUnknown(rest, to);
    if (batch.isPresent()) {
      return result.with(free, batch.get());
    }
    long elements = new TensorShape(rest).elements();
    long others = new TensorShape(to).elements();
    if (elements == Dim.UNKNOWN || others == Dim.UNKNOWN) {
      return result;
    }
    if (others == 0 || elements % others != 0) {
      throw c.error("cannot reshape " + c.shape(0) + " to " + result);
    }
    return result.with(free, Dim.of(elements / others));
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
    Optional<String> sizes = wanted(c).flatMap(wanted -> sizes(c, wanted));
    if (sizes.isPresent()) {
      return "torch.reshape(%s, %s)".formatted(c.input(0), sizes.get());
    }
    if (c.attributes().flag("allowzero", false)) {
      return "torch.reshape(%s, %s)".formatted(c.input(0), c.integers(1));
    }
    c.method(COPY_ZEROS);
    return "(self).reshape_copying(%s, %s, )".formatted(c.input(0), c.integers(1));
  }

  /** The sizes as an expression, where at most one of them has to be found from the others. */
  private static Optional<String> sizes(CodeContext c, List<IndexValue> wanted) {
    long found = wanted.stream().filter(size -> !size.known() || free(size)).count();
    boolean empty = wanted.stream().anyMatch(size -> size.known() && size.value() == 0);
    if (wanted.isEmpty()) {
      return Optional.of(Literals.list());
    }
    if (found > 1 || (found == 1 && empty && c.attributes().flag("allowzero", false))) {
      return Optional.empty();
    }
    return Optional.of(
        IntStream.range(0, wanted.size())
            .mapToObj(i -> size(c, wanted.get(i), i))
            .collect(Collectors.joining(", ", "[", "]")));
  }

  private static String size(CodeContext c, IndexValue wanted, int axis) {
    if (copied(c, wanted)) {
      return size(c, axis);
    }
    return wanted.known() ? Literals.number(wanted.value()) : "-1";
  }
}
