package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Resize and its ancestor Upsample, axis by axis: the position in the input of each output, then
 * the nearest element or a weighted sum of its neighbours. The common cases are ATen's own.
 */
final class ResizeOperators {
  static final List<Operator> ALL = List.of(entry("Resize"), entry("Upsample"));

  /** Where each output lies on an axis of the input; {@code wide} is the scale times the size. */
  private static final ScriptMethod POSITIONS =
      new ScriptMethod(
          "resize_positions",
          """
            def resize_positions(self: __torch__.M,
              x: Tensor,
              size: int,
              out: int,
              wide: float,
              mode: str,
              start: float,
              end: float) -> Tensor:
              i = torch.arange(out, dtype=7, layout=None, device=ops.prim.device(x), pin_memory=None)
              centre = (i + 0.5) * size / wide
              if mode == "asymmetric":
                at = i * size / wide
              elif mode == "align_corners":
                at = i * (size - 1) / ops.prim.max(wide - 1., 1.0e-06)
              elif mode == "half_pixel_symmetric":
                at = centre - 0.5 + size * 0.5 * (1. - out / wide)
              elif mode == "tf_half_pixel_for_nn":
                at = centre
              elif mode == "tf_crop_and_resize":
                if out == 1:
                  at = i + 0.5 * (start + end) * (size - 1)
                else:
                  at = i * (end - start) * (size - 1) / (wide - 1.) + start * (size - 1)
              elif mode == "pytorch_half_pixel" and out == 1:
                at = i
              else:
                at = centre - 0.5
              return at
          """);

  /** Takes the element nearest to each position. */
  private static final ScriptMethod NEAREST =
      new ScriptMethod(
          "resize_nearest",
          """
            def resize_nearest(self: __torch__.M,
              x: Tensor,
              axis: int,
              at: Tensor,
              mode: str) -> Tensor:
              if mode == "floor":
                near = torch.floor(at)
              elif mode == "ceil":
                near = torch.ceil(at)
              elif mode == "round_prefer_ceil":
                near = torch.floor(at + 0.5)
              else:
                near = torch.ceil(at - 0.5)
              inside = torch.clamp(near, 0, torch.size(x, axis) - 1)
              return torch.index_select(x, axis, torch.to(inside, 4, False, False, None))
          """);

  /**
   * Adds up the neighbours of each position, weighted by a triangle (reach 1) or Keys' cubic with
   * coefficient {@code a} (reach 2), either stretched where a scale below 1 is given.
   */
  private static final ScriptMethod BLEND =
      new ScriptMethod(
          "resize_blend",
          """
            def resize_blend(self: __torch__.M,
              x: Tensor,
              axis: int,
              at: Tensor,
              scale: float,
              reach: int,
              a: float,
              exclude: bool) -> Tensor:
              size = torch.size(x, axis)
              first = torch.floor(torch.neg(reach) / scale) + 1
              steps = torch.arange(first, 2 - first, dtype=7, layout=None, device=ops.prim.device(x), pin_memory=None)
              low = torch.unsqueeze(torch.floor(at), 1)
              spots = low + steps
              d = torch.abs((spots - torch.unsqueeze(at, 1)) * scale)
              if reach == 1:
                w = torch.clamp(1. - d, 0., 1.)
              else:
                inner = ((a + 2.) * d - (a + 3.)) * d * d + 1.
                outer = ((d - 5.) * d + 8.) * d * a - 4. * a
                w = torch.where(d <= 1., inner, torch.where(d < 2., outer, torch.zeros_like(d)))
              if exclude:
                w = torch.where(torch.logical_or(spots < 0, spots >= size), torch.zeros_like(w), w)
              w = w / torch.sum(w, [1], True)
              picked = torch.to(torch.clamp(spots, 0, size - 1), 4, False, False, None)
              rows = torch.index_select(x, axis, torch.flatten(picked))
              parts = torch.unflatten(rows, axis, torch.size(picked))
              trailing = annotate(List[int], [1]) * (torch.dim(x) - 1 - axis)
              weights = torch.reshape(torch.to(w, 6, False, False, None), torch.size(picked) + trailing)
              return torch.sum(parts * weights, [axis + 1], False)
          """);

  /** Fills in what lies outside of the input. */
  private static final ScriptMethod OUTSIDE =
      new ScriptMethod(
          "resize_outside",
          """
            def resize_outside(self: __torch__.M,
              y: Tensor,
              axis: int,
              at: Tensor,
              size: int,
              value: float) -> Tensor:
              outside = torch.logical_or(at < 0, at > size - 1)
              trailing = annotate(List[int], [1]) * (torch.dim(y) - 1 - axis)
              return torch.masked_fill(y, torch.reshape(outside, [-1] + trailing), value)
          """);

  /** The one scale that keeps the ratio of the axes. */
  private static final ScriptMethod COMMON_SCALE =
      new ScriptMethod(
          "resize_common_scale",
          """
            def resize_common_scale(self: __torch__.M,
              x: Tensor,
              sizes: List[int],
              axes: List[int],
              least: bool) -> float:
              scale = sizes[0] / torch.size(x, axes[0])
              for i in range(torch.len(axes)):
                other = sizes[i] / torch.size(x, axes[i])
                if (other < scale) == least:
                  scale = other
              return scale
          """);

  private ResizeOperators() {}

  private static Operator entry(String type) {
    return Operator.named(type)
        .shape(c -> Resizing.of(c).shape(c))
        .code(ResizeOperators::code)
        .build();
  }

  private static String code(CodeContext c) {
    Resizing resizing = Resizing.of(c);
    return AtenResize.call(c, resizing).orElseGet(() -> general(c, resizing));
  }

  private static String general(CodeContext c, Resizing r) {
    boolean converts = r.blends() && c.type(0) != DataType.FLOAT;
    String x = converts ? c.let(Types.cast(c.input(0), Types.FLOAT)) : c.input(0);
    String wanted = r.bySizes() ? c.integers(r.sizesInput()) : scales(c, r);
    wanted = wanted.startsWith("[") ? c.let(wanted) : wanted;
    String roi = r.crops() ? c.let(floats(c.input(1))) : "";
    String common = r.keepsRatio() ? c.let(commonScale(c, r, wanted)) : "";
    c.method(POSITIONS);
    String y = x;
    for (int i = 0; i < r.axes().size(); i++) {
      if (!r.unchanged(c, i)) {
        String element = wanted + "[" + i + "]";
        y = along(c, r, y, new Axis(i, r.axes().get(i), element, common, roi));
      }
    }
    return converts ? Types.cast(y, Types.aten(c.type(0))) : y;
  }

  /**
   * One axis to resize.
   *
   * @param index its place among the axes
   * @param axis the axis
   * @param wanted the expression of its size or scale
   * @param common the variable of the scale that all axes share, or empty
   * @param roi the variable of the regions of interest, or empty
   */
  private record Axis(int index, int axis, String wanted, String common, String roi) {
    String start() {
      return roi.isEmpty() ? "0." : roi + "[" + index + "]";
    }

    String end(int axes) {
      return roi.isEmpty() ? "1." : roi + "[" + (axes + index) + "]";
    }
  }

  private static String along(CodeContext c, Resizing r, String x, Axis axis) {
    String size = c.let("torch.size(%s, %d)".formatted(x, axis.axis()));
    String start = axis.start();
    String end = axis.end(r.axes().size());
    String wide;
    String out;
    if (!axis.common().isEmpty()) {
      wide = c.let(axis.common() + " * " + size);
      out = c.let("torch.floor(" + wide + " + 0.5)");
    } else if (r.bySizes()) {
      out = axis.wanted();
      wide = c.let("float(" + out + ")");
    } else {
      wide = c.let(axis.wanted() + " * " + size);
      // ONNX rounds this product to 32 bits before it takes the whole part.
      String product = r.crops() ? "%s * (%s - %s)".formatted(wide, end, start) : wide;
      out = c.let("int(torch.floor(torch.tensor(" + product + ", dtype=6)))");
      wide = r.crops() ? c.let("float(" + out + ")") : wide;
    }
    String at =
        c.let(
            "(self).resize_positions(%s, %s, %s, %s, \"%s\", %s, %s, )"
                .formatted(x, size, out, wide, r.coordinates(), start, end));
    String y =
        c.let(r.blends() ? blend(c, r, x, axis, at, wide, size) : nearest(c, r, x, axis, at));
    if (!r.crops()) {
      return y;
    }
    c.method(OUTSIDE);
    float value = c.attributes().number("extrapolation_value", 0);
    return c.let(
        "(self).resize_outside(%s, %d, %s, %s, %s, )"
            .formatted(y, axis.axis(), at, size, Literals.number(value)));
  }

  private static String nearest(CodeContext c, Resizing r, String x, Axis axis, String at) {
    c.method(NEAREST);
    return "(self).resize_nearest(%s, %d, %s, \"%s\", )"
        .formatted(x, axis.axis(), at, r.rounding());
  }

  private static String blend(
      CodeContext c, Resizing r, String x, Axis axis, String at, String wide, String size) {
    c.method(BLEND);
    boolean antialias = c.attributes().flag("antialias", false);
    return "(self).resize_blend(%s, %d, %s, %s, %d, %s, %s, )"
        .formatted(
            x,
            axis.axis(),
            at,
            antialias ? "ops.prim.min(%s / %s, 1.)".formatted(wide, size) : "1.",
            r.mode().equals("cubic") ? 2 : 1,
            Literals.number(r.cubic()),
            Literals.flag(r.excludesOutside()));
  }

  private static String commonScale(CodeContext c, Resizing r, String sizes) {
    c.method(COMMON_SCALE);
    String axes = r.axes().stream().map(String::valueOf).collect(Collectors.joining(", "));
    boolean least = r.policy().equals("not_larger");
    return "(self).resize_common_scale(%s, %s, [%s], %s, )"
        .formatted(c.input(0), sizes, axes, Literals.flag(least));
  }

  private static String scales(CodeContext c, Resizing r) {
    Optional<float[]> known = r.scales(c);
    if (known.isEmpty()) {
      return c.let(floats(c.input(r.scalesInput())));
    }
    List<String> numbers = new ArrayList<>();
    for (float scale : known.get()) {
      numbers.add(Double.toString(scale));
    }
    return "[" + String.join(", ", numbers) + "]";
  }

  private static String floats(String tensor) {
    return "annotate(List[float], torch.flatten(" + tensor + ").tolist())";
  }

  /** The size that a scale gives an axis; ONNX computes it with 32 bits. */
  static Dim scaled(NodeContext c, Dim dim, float scale) {
    if (!(scale > 0) || Float.isInfinite(scale)) {
      throw c.error("expected scales above 0, found " + scale);
    }
    if (scale == 1 || !dim.known()) {
      return scale == 1 ? dim : Dim.unknown();
    }
    return Dim.of((long) Math.floor((float) dim.size() * scale));
  }

  /** A shape with other sizes at some axes. */
  static TensorShape with(TensorShape shape, List<Integer> axes, List<Dim> dims) {
    TensorShape result = shape;
    for (int i = 0; i < axes.size(); i++) {
      result = result.with(axes.get(i), dims.get(i));
    }
    return result;
  }
}
