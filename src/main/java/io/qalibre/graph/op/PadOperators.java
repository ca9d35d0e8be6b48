package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** Pad, in all its modes; negative pads cut off. */
final class PadOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Pad").shape(PadOperators::padShape).code(PadOperators::padCode).build());

  /** Pads of some axes, in the order of ATen's: the last axis first. */
  private static final ScriptMethod ORDER =
      new ScriptMethod(
          "pad_order",
          """
            def pad_order(self: __torch__.M,
              pads: List[int],
              axes: List[int],
              rank: int) -> List[int]:
              all = annotate(List[int], [0]) * (2 * rank)
              count = torch.len(axes)
              for i in range(count):
                axis = axes[i]
                if axis < 0:
                  axis = axis + rank
                at = 2 * (rank - 1 - axis)
                all[at] = pads[i]
                all[at + 1] = pads[count + i]
              return all
          """);

  /** Repeats what an axis holds before its beginning and after its end. */
  private static final ScriptMethod REPEAT =
      new ScriptMethod(
          "pad_repeating",
          """
            def pad_repeating(self: __torch__.M,
              x: Tensor,
              pads: List[int],
              mode: str) -> Tensor:
              y = x
              for i in range(torch.len(pads) // 2):
                axis = torch.dim(x) - 1 - i
                size = torch.size(x, axis)
                before = pads[2 * i]
                after = pads[2 * i + 1]
                if before != 0 or after != 0:
                  at = torch.arange(torch.neg(before), size + after, dtype=4, layout=None, device=ops.prim.device(x), pin_memory=None)
                  if mode == "edge":
                    at = torch.clamp(at, 0, size - 1)
                  elif mode == "wrap":
                    at = torch.remainder(at, size)
                  else:
                    period = ops.prim.max(2 * (size - 1), 1)
                    at = torch.remainder(at, period)
                    at = torch.where(at < size, at, period - at)
                  y = torch.index_select(y, axis, at)
              return y
          """);

  private PadOperators() {}

  /** The pads: an input since opset 11, an attribute before. */
  private static Optional<long[]> pads(NodeContext c) {
    return c.has(1)
        ? c.longs(1)
        : c.attributes()
            .integers("pads")
            .map(list -> list.stream().mapToLong(Long::longValue).toArray());
  }

  /** The axes that the pads are of: all, or those of an input since opset 18. */
  private static Optional<long[]> axes(NodeContext c) {
    int rank = c.shape(0).rank();
    return c.has(3)
        ? c.longs(3).map(list -> Arrays.stream(list).map(a -> Axes.axis(c, a, rank)).toArray())
        : Optional.of(LongStream.range(0, rank).toArray());
  }

  private static String mode(NodeContext c) {
    String mode = c.attributes().text("mode", "constant");
    if (!List.of("constant", "reflect", "edge", "wrap").contains(mode)) {
      throw c.error("attribute `mode`: expected constant, reflect, edge or wrap, found " + mode);
    }
    return mode;
  }

  private static void requirePads(NodeContext c, long[] pads, long[] axes) {
    if (pads.length != 2 * axes.length) {
      throw c.error(
          "expected 2 pads for each of %d axes, found %s"
              .formatted(axes.length, Arrays.toString(pads)));
    }
  }

  private static TensorShape padShape(ShapeContext c) {
    mode(c);
    TensorShape shape = c.shape(0);
    Optional<long[]> axes = axes(c);
    Optional<long[]> pads = pads(c);
    if (axes.isEmpty()) {
      return Axes.unknown(shape.rank());
    }
    pads.ifPresent(numbers -> requirePads(c, numbers, axes.get()));
    for (int i = 0; i < axes.get().length; i++) {
      int axis = (int) axes.get()[i];
      shape = shape.with(axis, padded(c, pads, i, axis));
    }
    return shape;
  }

  private static Dim padded(ShapeContext c, Optional<long[]> pads, int i, int axis) {
    Dim dim = c.shape(0).dim(axis);
    if (pads.isEmpty()) {
      return Dim.unknown();
    }
    long before = pads.get()[i];
    long after = pads.get()[pads.get().length / 2 + i];
    if (before == 0 && after == 0) {
      return dim;
    }
    if (!dim.known()) {
      return Dim.unknown();
    }
    long size = dim.size() + before + after;
    if (size < 0 || (dim.size() == 0 && size > 0 && !mode(c).equals("constant"))) {
      throw c.error(
          "pads of %d and %d do not go with axis %d of %s"
              .formatted(before, after, axis, c.shape(0)));
    }
    return Dim.of(size);
  }

  /** The pads in ATen's order. */
  private static String ordered(CodeContext c) {
    int rank = c.shape(0).rank();
    Optional<long[]> axes = axes(c);
    Optional<long[]> pads = pads(c);
    if (axes.isPresent() && pads.isPresent()) {
      Long[] all = Collections.nCopies(2 * rank, 0L).toArray(new Long[0]);
      for (int i = 0; i < axes.get().length; i++) {
        int at = 2 * (rank - 1 - (int) axes.get()[i]);
        all[at] = pads.get()[i];
        all[at + 1] = pads.get()[axes.get().length + i];
      }
      return Window.list(List.of(all));
    }
    c.method(ORDER);
    String given = pads.map(Arrays::toString).orElseGet(() -> c.integers(1));
    String which = axes.map(Arrays::toString).orElseGet(() -> c.integers(3));
    return c.let("(self).pad_order(%s, %s, %d, )".formatted(given, which, rank));
  }

  private static String padCode(CodeContext c) {
    String mode = mode(c);
    String pads = ordered(c);
    if (mode.equals("constant")) {
      return "torch.constant_pad_nd(%s, %s, %s)".formatted(c.input(0), pads, value(c));
    }
    c.method(REPEAT);
    return "(self).pad_repeating(%s, %s, \"%s\", )".formatted(c.input(0), pads, mode);
  }

  /** What is filled in: an input since opset 11, an attribute before; zero by default. */
  private static String value(CodeContext c) {
    boolean floats = c.type(0) == DataType.FLOAT;
    if (c.constant(2).isPresent()) {
      Tensor value = c.required(2);
      return floats ? Literals.number(value.floats()[0]) : Long.toString(value.longs()[0]);
    }
    if (c.has(2)) {
      return c.let((floats ? "float(" : "int(") + c.input(2) + ")");
    }
    return floats ? Literals.number(c.attributes().number("value", 0)) : "0";
  }
}
