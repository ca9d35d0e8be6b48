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

/** Concat and Split. */
final class JoiningOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Concat")
              .fresh()
              .shape(JoiningOperators::concatShape)
              .code(JoiningOperators::concat)
              .values(JoiningOperators::concatenated)
              .build(),
          Operator.named("Split")
              .shapes(JoiningOperators::splitShapes)
              .codes(JoiningOperators::split)
              .preservesGrid()
              .build());

  private JoiningOperators() {}

  private static int inputs(NodeContext c) {
    return c.node().inputs().size();
  }

  private static TensorShape concatShape(ShapeContext c) {
    int axis = Axes.attribute(c, 0);
    TensorShape joined = c.shape(0);
    for (int i = 1; i < inputs(c); i++) {
      joined = joined(c, joined, c.shape(i), axis);
    }
    return joined;
  }

  private static TensorShape joined(NodeContext c, TensorShape a, TensorShape b, int axis) {
    if (a.rank() != b.rank()) {
      throw c.error("shapes " + a + " and " + b + " do not go together along axis " + axis);
    }
    List<Dim> dims = new ArrayList<>();
    for (int i = 0; i < a.rank(); i++) {
      Dim x = a.dim(i);
      Dim y = b.dim(i);
      boolean known = x.known() && y.known();
      if (i == axis) {
        dims.add(known ? Dim.of(x.size() + y.size()) : Dim.unknown());
      } else if (known && !x.equals(y)) {
        throw c.error("shapes " + a + " and " + b + " do not go together along axis " + axis);
      } else {
        // They are equal when the network runs: the one that says more.
        dims.add(x.known() || (x.symbol() != null && !y.known()) ? x : y);
      }
    }
    return new TensorShape(dims);
  }

  private static String concat(CodeContext c) {
    String parts =
        IntStream.range(0, inputs(c))
            .mapToObj(c::input)
            .collect(Collectors.joining(", ", "[", "]"));
    return "torch.cat(%s, %d)".formatted(parts, Axes.attribute(c, 0));
  }

  private static Optional<List<IndexValue>> concatenated(ShapeContext c) {
    List<IndexValue> all = new ArrayList<>();
    for (int i = 0; i < inputs(c); i++) {
      Optional<List<IndexValue>> part = c.values(i);
      if (part.isEmpty() || c.shape(i).rank() != 1) {
        return Optional.empty();
      }
      all.addAll(part.get());
    }
    return Optional.of(all);
  }

  /** The sizes of the parts: an input since opset 13, an attribute before; equal by default. */
  private static Optional<long[]> parts(NodeContext c) {
    if (c.has(1)) {
      return c.longs(1);
    }
    Optional<List<Long>> given = c.attributes().integers("split");
    return given.isPresent()
        ? Optional.of(given.get().stream().mapToLong(Long::longValue).toArray())
        : equalParts(c);
  }

  /** As many parts as there are outputs; the last is smaller where the size is no multiple. */
  private static Optional<long[]> equalParts(NodeContext c) {
    Dim dim = c.shape(0).dim(Axes.attribute(c, 0));
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
    int axis = Axes.attribute(c, 0);
    int outputs = c.node().outputs().size();
    long wanted = c.attributes().integer("num_outputs", outputs);
    if (wanted != outputs) {
      throw c.error("num_outputs is " + wanted + ", found " + outputs + " outputs");
    }
    Optional<long[]> parts = parts(c);
    parts.ifPresent(sizes -> check(c, sizes, axis));
    return IntStream.range(0, outputs)
        .mapToObj(i -> c.shape(0).with(axis, parts.map(p -> Dim.of(p[i])).orElseGet(Dim::unknown)))
        .toList();
  }

  private static void check(NodeContext c, long[] parts, int axis) {
    int outputs = c.node().outputs().size();
    if (parts.length != outputs) {
      throw c.error(outputs + " outputs do not go with " + parts.length + " parts");
    }
    Dim dim = c.shape(0).dim(axis);
    boolean fits = !dim.known() || LongStream.of(parts).sum() == dim.size();
    if (!fits || LongStream.of(parts).anyMatch(part -> part < 0)) {
      throw c.error(
          "parts of %s do not make up axis %d of %s"
              .formatted(Arrays.toString(parts), axis, c.shape(0)));
    }
  }

  private static List<String> split(CodeContext c) {
    int axis = Axes.attribute(c, 0);
    int outputs = c.node().outputs().size();
    Optional<long[]> parts = parts(c);
    String list;
    if (parts.isEmpty() && !c.has(1)) {
      list = c.let("torch.chunk(%s, %d, %d)".formatted(c.input(0), outputs, axis));
    } else {
      String sizes = parts.map(Literals::list).orElseGet(() -> c.integers(1));
      list = c.let("torch.split_with_sizes(%s, %s, %d)".formatted(c.input(0), sizes, axis));
    }
    return IntStream.range(0, outputs).mapToObj(i -> list + "[" + i + "]").toList();
  }
}
