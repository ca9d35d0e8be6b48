package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Operators that read at positions. */
final class GatherOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Gather")
              .shape(GatherOperators::gatherShape)
              .values(GatherOperators::gathered)
              .code(GatherOperators::gather)
              .preservesGrid()
              .build(),
          Operator.named("GatherElements")
              .shape(GatherOperators::elementsShape)
              .code(
                  c ->
                      "torch.gather(%s, %d, %s)"
                          .formatted(c.input(0), axis(c), Positions.fromStart(c, 1, axis(c))))
              .preservesGrid()
              .build(),
          Operator.named("GatherND")
              .shape(GatherOperators::rowsShape)
              .code(
                  c ->
                      "torch.index(%s, %s)"
                          .formatted(c.input(0), Positions.rows(c, 1, batchDims(c))))
              .preservesGrid()
              .build(),
          Operator.named("Compress")
              .shape(GatherOperators::compressShape)
              .code(GatherOperators::compress)
              .preservesGrid()
              .build(),
          Operator.named("ReverseSequence")
              .shape(GatherOperators::sequences)
              .code(GatherOperators::reverse)
              .preservesGrid()
              .build());

  /** Replaces an axis by the axes of the positions read along it. */
  private static final ScriptMethod GATHER =
      new ScriptMethod(
          "gather_axis",
          """
            def gather_axis(self: __torch__.M,
              x: Tensor,
              axis: int,
              positions: Tensor) -> Tensor:
              found = torch.index_select(x, axis, torch.flatten(positions))
              before = torch.slice(torch.size(x), 0, axis, 1)
              after = torch.slice(torch.size(x), torch.add(axis, 1), torch.dim(x), 1)
              sizes = torch.add(torch.add(before, torch.size(positions)), after)
              return torch.reshape(found, sizes)
          """);

  /** Reverses the beginning of each sequence; the axes of time and batch are the first two. */
  private static final ScriptMethod REVERSE =
      new ScriptMethod(
          "reverse_sequences",
          """
            def reverse_sequences(self: __torch__.M,
              x: Tensor,
              lengths: Tensor,
              time: int,
              batch: int) -> Tensor:
              all = torch.arange(torch.size(x, time), dtype=4, layout=None, device=ops.prim.device(x))
              steps = torch.unsqueeze(all, batch)
              ends = torch.unsqueeze(torch.to(lengths, 4, False, False, None), time)
              mirrored = torch.sub(torch.sub(ends, 1), steps)
              positions = torch.where(torch.lt(steps, ends), mirrored, steps)
              for i in range(torch.sub(torch.dim(x), 2)):
                positions0 = torch.unsqueeze(positions, -1)
                positions = positions0
              return torch.gather(x, time, torch.expand(positions, torch.size(x), implicit=False))
          """);

  private GatherOperators() {}

  private static int axis(NodeContext c) {
    return Axes.attribute(c, 0);
  }

  private static TensorShape gatherShape(ShapeContext c) {
    List<Dim> all = c.shape(0).dims();
    List<Dim> dims = new ArrayList<>(all.subList(0, axis(c)));
    dims.addAll(c.shape(1).dims());
    dims.addAll(all.subList(axis(c) + 1, all.size()));
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
      long at = position < 0 ? position + elements.size() : position;
      if (at < 0 || at >= elements.size()) {
        throw c.error("position " + position + " is outside of " + elements.size() + " elements");
      }
      found.add(elements.get((int) at));
    }
    return Optional.of(found);
  }

  private static String gather(CodeContext c) {
    int axis = axis(c);
    Optional<long[]> known = c.longs(1);
    if (known.isPresent() && c.shape(1).rank() == 0) {
      return "torch.select(%s, %d, %s)"
          .formatted(c.input(0), axis, Literals.number(known.get()[0]));
    }
    String positions = Positions.fromStart(c, 1, axis);
    if (c.shape(1).rank() == 1) {
      return "torch.index_select(%s, %d, %s)".formatted(c.input(0), axis, positions);
    }
    c.method(GATHER);
    return "(self).gather_axis(%s, %d, %s, )".formatted(c.input(0), axis, positions);
  }

  private static TensorShape elementsShape(ShapeContext c) {
    if (c.shape(0).rank() != c.shape(1).rank()) {
      throw c.error("expected positions of the rank of " + c.shape(0) + ", found " + c.shape(1));
    }
    return c.shape(1);
  }

  private static int batchDims(NodeContext c) {
    long dims = c.attributes().integer("batch_dims", 0);
    if (dims < 0 || dims >= Math.min(c.shape(0).rank(), c.shape(1).rank())) {
      throw c.error(
          "batch_dims of %d does not go with data %s and positions %s"
              .formatted(dims, c.shape(0), c.shape(1)));
    }
    return (int) dims;
  }

  /** The number of axes that a row of positions goes through. */
  static int rowLength(NodeContext c, int batch) {
    TensorShape rows = c.shape(1);
    int axes = c.shape(0).rank() - batch;
    if (rows.rank() == 0 || !rows.dim(-1).known() || rows.dim(-1).size() > axes) {
      throw c.error(
          "expected positions of which the last axis has a known size of at most "
              + axes
              + ", found "
              + rows);
    }
    return (int) rows.dim(-1).size();
  }

  private static TensorShape rowsShape(ShapeContext c) {
    int batch = batchDims(c);
    int gone = batch + rowLength(c, batch);
    List<Dim> dims = new ArrayList<>(c.shape(1).dims().subList(0, c.shape(1).rank() - 1));
    dims.addAll(c.shape(0).dims().subList(gone, c.shape(0).rank()));
    return new TensorShape(dims);
  }

  private static TensorShape compressShape(ShapeContext c) {
    return c.attributes().has("axis")
        ? c.shape(0).with(axis(c), Dim.unknown())
        : TensorShape.of(Dim.unknown());
  }

  private static String compress(CodeContext c) {
    boolean whole = !c.attributes().has("axis");
    String x = whole ? c.let("torch.flatten(" + c.input(0) + ")") : c.input(0);
    return "torch.index_select(%s, %d, torch.flatten(torch.nonzero(%s)))"
        .formatted(x, whole ? 0 : axis(c), c.input(1));
  }

  private static TensorShape sequences(ShapeContext c) {
    long time = c.attributes().integer("time_axis", 0);
    long batch = c.attributes().integer("batch_axis", 1);
    if (time + batch != 1 || time * batch != 0 || c.shape(0).rank() < 2) {
      throw c.error(
          "expected the axes of time and batch to be the first two, found %d and %d of %s"
              .formatted(time, batch, c.shape(0)));
    }
    return c.shape(0);
  }

  private static String reverse(CodeContext c) {
    c.method(REVERSE);
    return "(self).reverse_sequences(%s, %s, %d, %d, )"
        .formatted(
            c.input(0),
            c.input(1),
            c.attributes().integer("time_axis", 0),
            c.attributes().integer("batch_axis", 1));
  }
}
