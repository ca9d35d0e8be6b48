package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** Operators that move or repeat values without changing them. */
final class LayoutOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Transpose")
              .shape(LayoutOperators::transposeShape)
              .values(LayoutOperators::transposed)
              .code(c -> "torch.permute(%s, %s)".formatted(c.input(0), Literals.list(order(c))))
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

  /** For each axis of the output the axis of the input; all of them reversed by default. */
  private static long[] order(NodeContext c) {
    int rank = c.shape(0).rank();
    List<Long> axes = LongStream.range(0, rank).map(i -> rank - 1 - i).boxed().toList();
    List<Long> order = c.attributes().integers("perm").orElse(axes);
    if (order.size() != rank || !order.containsAll(axes)) {
      throw c.error(order + " is no order of the axes of " + c.shape(0));
    }
    return order.stream().mapToLong(Long::longValue).toArray();
  }

  private static TensorShape transposeShape(ShapeContext c) {
    return new TensorShape(
        LongStream.of(order(c)).mapToObj(axis -> c.shape(0).dim((int) axis)).toList());
  }

  private static Optional<List<IndexValue>> transposed(ShapeContext c) {
    return c.values(0)
        .filter(elements -> RowMajor.holds(c.shape(0), elements))
        .map(
            elements -> {
              List<List<Long>> offsets = RowMajor.offsets(c.shape(0));
              return RowMajor.pick(
                  elements,
                  LongStream.of(order(c)).mapToObj(axis -> offsets.get((int) axis)).toList());
            });
  }

  private static TensorShape expandShape(ShapeContext c) {
    TensorShape wanted =
        c.values(1)
            .map(sizes -> new TensorShape(sizes.stream().map(IndexValue::dim).toList()))
            .orElseGet(() -> Axes.unknown(Axes.length(c, 1)));
    return ElementwiseOperators.broadcast(c, c.shape(0), wanted);
  }

  /** ONNX's Expand broadcasts both ways: a size of 1 leaves a larger one as it is. */
  private static String expand(CodeContext c) {
    c.method(EXPAND);
    return "(self).expand_both(%s, %s, )".formatted(c.input(0), c.integers(1));
  }

  private static TensorShape tileShape(ShapeContext c) {
    TensorShape shape = c.shape(0);
    Optional<List<IndexValue>> repeats = c.values(1);
    if (repeats.isEmpty()) {
      return Axes.unknown(shape.rank());
    }
    if (repeats.get().size() != shape.rank()) {
      throw c.error(
          "expected a number of repeats for each axis of "
              + shape
              + ", found "
              + repeats.get().size());
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < shape.rank(); i++) {
      dims.add(SizeOperators.product(List.of(shape.dim(i), repeats.get().get(i).dim())));
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
          !dim.known() ? Dim.unknown() : Dim.of(grows ? dim.size() * factor : dim.size() / factor));
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
    if (c.attributes().text("mode", "DCR").equals("CRD")) {
      return "torch.pixel_unshuffle(%s, %d)".formatted(x, size);
    }
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
}
