package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
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
          Operator.named("Identity").values(c -> c.values(0)).preservesGrid().build(),
          Operator.named("Flatten")
              .shape(LayoutOperators::flattenShape)
              .code(LayoutOperators::flatten)
              .preservesGrid()
              .build(),
          Operator.named("Reshape")
              .shape(LayoutOperators::reshapeShape)
              .code(LayoutOperators::reshape)
              .values(c -> c.values(0))
              .preservesGrid()
              .build(),
          Operator.named("Squeeze")
              .shape(LayoutOperators::squeezeShape)
              .code(LayoutOperators::squeeze)
              .values(c -> c.values(0))
              .preservesGrid()
              .build(),
          Operator.named("Unsqueeze")
              .shape(LayoutOperators::unsqueezeShape)
              .code(LayoutOperators::unsqueeze)
              .values(c -> c.values(0))
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
              .values(LayoutOperators::concatenated)
              .build(),
          Operator.named("Split")
              .shapes(LayoutOperators::splitShapes)
              .codes(LayoutOperators::split)
              .preservesGrid()
              .build(),
          Operator.named("Expand")
              .shape(LayoutOperators::expandShape)
              .code(LayoutOperators::expand)
              .preservesGrid()
              .build(),
          Operator.named("Tile")
              .shape(LayoutOperators::tileShape)
              .code(c -> "torch.repeat(%s, %s)".formatted(c.input(0), c.integers(1)))
              .preservesGrid()
              .build(),
          Operator.named("DepthToSpace")
              .shape(c -> blocks(c, false))
              .code(LayoutOperators::depthToSpace)
              .preservesGrid()
              .build(),
          Operator.named("SpaceToDepth")
              .shape(c -> blocks(c, true))
              .code(LayoutOperators::spaceToDepth)
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

  /** Expand: of each two sizes the one that is not 1, aligned at the last axis. */
  private static final ScriptMethod EXPAND =
      new ScriptMethod(
          "expand_both",
          """
            def expand_both(self: __torch__.M,
              x: Tensor,
              sizes: List[int]) -> Tensor:
              wanted = annotate(List[int], [])
              more = torch.sub(torch.dim(x), torch.len(sizes))
              for i in range(torch.len(sizes)):
                axis = torch.add(more, i)
                size = sizes[i]
                if torch.ge(axis, 0):
                  if torch.eq(size, 1):
                    size1 = torch.size(x, axis)
                  else:
                    size1 = size
                  size0 = size1
                else:
                  size0 = size
                _0 = torch.append(wanted, size0)
              if torch.gt(more, 0):
                leading = torch.slice(torch.size(x), 0, more, 1)
                all = torch.add(leading, wanted)
              else:
                all = wanted
              return torch.expand(x, all, implicit=False)
          """);

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
    Optional<List<IndexValue>> known = wantedSizes(c);
    if (known.isEmpty()) {
      return unknown(length(c, 1));
    }
    List<IndexValue> wanted = known.get();
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < wanted.size(); i++) {
      dims.add(copied(c, wanted.get(i)) ? copied(c, input, i) : wanted.get(i).dim());
    }
    int free =
        IntStream.range(0, wanted.size())
            .filter(i -> wanted.get(i).known() && wanted.get(i).value() < 0)
            .findFirst()
            .orElse(-1);
    return free < 0 ? checked(c, input, dims) : solved(c, input, dims, free);
  }

  /** The sizes that Reshape asks for: an input since opset 5, an attribute before. */
  private static Optional<List<IndexValue>> wantedSizes(NodeContext c) {
    return c.has(1)
        ? c.values(1)
        : c.attributes().integers("shape").map(s -> s.stream().map(IndexValue::of).toList());
  }

  private static boolean copied(NodeContext c, IndexValue size) {
    return size.known() && size.value() == 0 && !c.attributes().flag("allowzero", false);
  }

  private static Dim copied(ShapeContext c, TensorShape input, int axis) {
    if (axis >= input.rank()) {
      throw c.error("size 0 at axis " + axis + " copies an axis that " + input + " does not have");
    }
    return input.dim(axis);
  }

  /** A shape of a known rank of which no size is known. */
  static TensorShape unknown(int rank) {
    return new TensorShape(java.util.Collections.nCopies(rank, Dim.unknown()));
  }

  /** The length of a vector that has to be known, since a rank depends on it. */
  static int length(NodeContext c, int input) {
    TensorShape shape = c.shape(input);
    if (shape.rank() != 1 || !shape.dim(0).known()) {
      throw c.error(
          "the rank of its output is not known: expected a vector of a known length at input "
              + input
              + ", found "
              + shape);
    }
    return Math.toIntExact(shape.dim(0).size());
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
    Optional<List<IndexValue>> wanted = wantedSizes(c);
    boolean allKnown = wanted.isPresent() && wanted.get().stream().allMatch(IndexValue::known);
    if (allKnown) {
      List<IndexValue> sizes = wanted.orElseThrow();
      return "torch.reshape(%s, %s)"
          .formatted(
              c.input(0),
              IntStream.range(0, sizes.size())
                  .mapToObj(
                      i ->
                          copied(c, sizes.get(i))
                              ? "torch.size(" + c.input(0) + ", " + i + ")"
                              : Long.toString(sizes.get(i).value()))
                  .collect(Collectors.joining(", ", "[", "]")));
    }
    if (c.attributes().flag("allowzero", false)) {
      return "torch.reshape(%s, %s)".formatted(c.input(0), c.integers(1));
    }
    c.method(COPY_ZEROS);
    return "(self).reshape_copying(%s, %s, )".formatted(c.input(0), c.integers(1));
  }

  /** The axes of Squeeze and Unsqueeze: an input since opset 13, an attribute before. */
  private static List<Integer> axes(NodeContext c, int rank) {
    List<Long> axes =
        c.has(1)
            ? Arrays.stream(requiredLongs(c, 1)).boxed().toList()
            : c.attributes().integers("axes").orElse(List.of());
    return axes.stream().map(a -> axis(c, a, rank - 1, rank)).sorted().toList();
  }

  /**
   * Positions that have to be known before there is data.
   *
   * @throws io.qalibre.errors.QalibreException if they are computed from data
   */
  static long[] requiredLongs(NodeContext c, int input) {
    return c.longs(input)
        .orElseThrow(
            () ->
                c.error(
                    "input `"
                        + c.node().input(input)
                        + "` has to be known before there is data, found a computed tensor"));
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
        c.has(1)
            ? requiredLongs(c, 1).length
            : c.attributes().integers("axes").map(List::size).orElse(0);
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

  private static Optional<List<IndexValue>> concatenated(ShapeContext c) {
    List<IndexValue> all = new ArrayList<>();
    for (int i = 0; i < inputs(c); i++) {
      Optional<List<IndexValue>> part = c.values(i);
      if (part.isEmpty()) {
        return Optional.empty();
      }
      all.addAll(part.get());
    }
    return Optional.of(all);
  }

  private static int splitAxis(NodeContext c) {
    int rank = c.shape(0).rank();
    return axis(c, c.attributes().integer("axis", 0), rank - 1, rank);
  }

  /** The sizes of the parts: an input since opset 13, an attribute before; equal by default. */
  private static Optional<long[]> parts(NodeContext c) {
    if (c.has(1)) {
      return c.longs(1);
    }
    Optional<List<Long>> given = c.attributes().integers("split");
    if (given.isPresent()) {
      return Optional.of(given.get().stream().mapToLong(Long::longValue).toArray());
    }
    Dim dim = c.shape(0).dim(splitAxis(c));
    int outputs = c.node().outputs().size();
    if (!dim.known()) {
      return Optional.empty();
    }
    long part = (dim.size() + outputs - 1) / outputs;
    return Optional.of(
        LongStream.range(0, outputs)
            .map(i -> Math.max(0, Math.min(part, dim.size() - i * part)))
            .toArray());
  }

  private static List<TensorShape> splitShapes(ShapeContext c) {
    int axis = splitAxis(c);
    Optional<long[]> parts = parts(c);
    int outputs = c.node().outputs().size();
    if (parts.isPresent() && parts.get().length != outputs) {
      throw c.error(outputs + " outputs do not go with " + parts.get().length + " parts");
    }
    return IntStream.range(0, outputs)
        .mapToObj(
            i ->
                c.shape(0).with(axis, parts.map(p -> Dim.of(p[i])).orElseGet(Dim::unknown)))
        .toList();
  }

  private static List<String> split(CodeContext c) {
    String sizes = parts(c).map(Arrays::toString).orElse("");
    int outputs = c.node().outputs().size();
    String list =
        sizes.isEmpty() && !c.has(1)
            ? c.let("torch.chunk(%s, %d, %d)".formatted(c.input(0), outputs, splitAxis(c)))
            : c.let(
                "torch.split_with_sizes(%s, %s, %d)"
                    .formatted(c.input(0), sizes.isEmpty() ? c.integers(1) : sizes, splitAxis(c)));
    return IntStream.range(0, outputs).mapToObj(i -> list + "[" + i + "]").toList();
  }

  private static TensorShape expandShape(ShapeContext c) {
    TensorShape wanted =
        c.values(1)
            .map(sizes -> new TensorShape(sizes.stream().map(IndexValue::dim).toList()))
            .orElseGet(() -> unknown(length(c, 1)));
    return ElementwiseOperators.broadcast(c, c.shape(0), wanted);
  }

  /** ONNX's Expand broadcasts both ways: a size of 1 leaves a larger one as it is. */
  private static String expand(CodeContext c) {
    c.method(EXPAND);
    return "(self).expand_both(%s, %s, )".formatted(c.input(0), c.integers(1));
  }

  private static TensorShape tileShape(ShapeContext c) {
    Optional<long[]> repeats = c.longs(1);
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < c.shape(0).rank(); i++) {
      Dim dim = c.shape(0).dim(i);
      boolean once = repeats.isPresent() && repeats.get()[i] == 1;
      boolean known = repeats.isPresent() && dim.known();
      dims.add(once ? dim : known ? Dim.of(dim.size() * repeats.get()[i]) : Dim.unknown());
    }
    return new TensorShape(dims);
  }

  private static long blockSize(NodeContext c) {
    long size = c.attributes().integer("blocksize", 0);
    if (size < 1 || c.shape(0).rank() != 4) {
      throw c.error("expected a blocksize of 1 or more and an input N×C×H×W, found " + size);
    }
    return size;
  }

  private static TensorShape blocks(ShapeContext c, boolean toDepth) {
    long size = blockSize(c);
    TensorShape shape = c.shape(0);
    List<Dim> dims = new ArrayList<>(List.of(shape.dim(0)));
    for (int i = 1; i < 4; i++) {
      Dim dim = shape.dim(i);
      long factor = i == 1 ? size * size : size;
      boolean grows = (i == 1) == toDepth;
      if (dim.known() && !grows && dim.size() % factor != 0) {
        throw c.error("axis " + i + " of " + shape + " is no multiple of " + factor);
      }
      dims.add(
          !dim.known()
              ? Dim.unknown()
              : Dim.of(grows ? dim.size() * factor : dim.size() / factor));
    }
    return new TensorShape(dims);
  }

  private static String depthToSpace(CodeContext c) {
    long size = blockSize(c);
    String x = c.input(0);
    if (c.attributes().text("mode", "DCR").equals("CRD")) {
      return "torch.pixel_shuffle(%s, %d)".formatted(x, size);
    }
    String n = c.let("torch.size(" + x + ", 0)");
    String h = c.let("torch.size(" + x + ", 2)");
    String w = c.let("torch.size(" + x + ", 3)");
    String deep =
        c.let("torch.reshape(%s, [%s, %d, %d, -1, %s, %s])".formatted(x, n, size, size, h, w));
    String moved = c.let("torch.permute(" + deep + ", [0, 3, 4, 1, 5, 2])");
    return "torch.reshape(%s, [%s, -1, torch.mul(%s, %d), torch.mul(%s, %d)])"
        .formatted(moved, n, h, size, w, size);
  }

  private static String spaceToDepth(CodeContext c) {
    long size = blockSize(c);
    String x = c.input(0);
    String n = c.let("torch.size(" + x + ", 0)");
    String channels = c.let("torch.size(" + x + ", 1)");
    String h = c.let("torch.floordiv(torch.size(" + x + ", 2), " + size + ")");
    String w = c.let("torch.floordiv(torch.size(" + x + ", 3), " + size + ")");
    String wide =
        c.let(
            "torch.reshape(%s, [%s, %s, %s, %d, %s, %d])"
                .formatted(x, n, channels, h, size, w, size));
    String moved = c.let("torch.permute(" + wide + ", [0, 3, 5, 1, 2, 4])");
    return "torch.reshape(%s, [%s, -1, %s, %s])".formatted(moved, n, h, w);
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
