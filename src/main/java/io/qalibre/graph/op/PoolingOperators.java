package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Pooling over space. */
final class PoolingOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("MaxPool")
              .shapes(c -> List.of(poolShape(c), poolShape(c)))
              .type((c, output) -> output == 0 ? c.type(0) : DataType.INT64)
              .codes(PoolingOperators::maxPool)
              .preservesGrid()
              .build(),
          Operator.named("MaxUnpool")
              .fresh()
              .shape(PoolingOperators::unpoolShape)
              .code(PoolingOperators::unpool)
              .build(),
          Operator.named("AveragePool")
              .fresh()
              .shape(PoolingOperators::poolShape)
              .code(PoolingOperators::averagePool)
              .build(),
          Operator.named("LpPool")
              .fresh()
              .shape(PoolingOperators::poolShape)
              .code(PoolingOperators::lpPool)
              .build(),
          Operator.named("GlobalAveragePool")
              .fresh()
              .shape(PoolingOperators::globalShape)
              .code(c -> "torch.mean(%s, %s, True)".formatted(c.input(0), spatialAxes(c)))
              .build(),
          Operator.named("GlobalMaxPool")
              .shape(PoolingOperators::globalShape)
              .code(c -> "torch.amax(%s, %s, True)".formatted(c.input(0), spatialAxes(c)))
              .preservesGrid()
              .build(),
          Operator.named("GlobalLpPool")
              .fresh()
              .shape(PoolingOperators::globalShape)
              .code(
                  c ->
                      NormalizationOperators.root(
                          c,
                          "torch.sum(%s, %s, True)".formatted(powers(c), spatialAxes(c)),
                          exponent(c)))
              .build());

  /**
   * Positions in the whole tensor, as ONNX counts them, from ATen's positions in a padded plane.
   */
  private static final ScriptMethod POSITIONS =
      new ScriptMethod(
          "pool_positions",
          """
            def pool_positions(self: __torch__.M,
              x: Tensor,
              padded: Tensor,
              indices: Tensor,
              before: List[int],
              columns: bool) -> Tensor:
              axes = torch.len(before)
              rest = indices
              rows = torch.zeros_like(indices)
              turned = torch.zeros_like(indices)
              size = 1
              for i in range(axes):
                axis = axes - 1 - i
                n = torch.size(padded, axis + 2)
                at = torch.remainder(rest, n) - before[axis]
                rest = torch.div(rest, n, rounding_mode="floor")
                rows = rows + at * size
                size = size * torch.size(x, axis + 2)
                if axis == 0:
                  turned = turned + at
                else:
                  turned = (turned + at) * torch.size(x, axis + 1)
              if columns:
                positions = turned
              else:
                positions = rows
              planes = torch.size(x, 0) * torch.size(x, 1)
              starts = torch.arange(planes, dtype=4, layout=None, device=ops.prim.device(x), pin_memory=None)
              shape = [torch.size(x, 0), torch.size(x, 1)] + annotate(List[int], [1]) * axes
              return positions + torch.reshape(starts * size, shape)
          """);

  /** Sets values at positions of a tensor of zeros. */
  private static final ScriptMethod UNPOOL =
      new ScriptMethod(
          "unpool",
          """
            def unpool(self: __torch__.M,
              x: Tensor,
              positions: Tensor,
              shape: List[int],
              wanted: List[int]) -> Tensor:
              count = 1
              for size in shape:
                count = count * size
              zeros = torch.new_zeros(x, [count])
              y = torch.scatter(zeros, 0, torch.flatten(positions), torch.flatten(x))
              pads = annotate(List[int], [])
              rank = torch.len(shape)
              for i in range(rank):
                axis = rank - 1 - i
                _0 = torch.append(pads, 0)
                _1 = torch.append(pads, wanted[axis] - shape[axis])
              return torch.constant_pad_nd(torch.reshape(y, shape), pads, 0.)
          """);

  private PoolingOperators() {}

  private static Window window(NodeContext c) {
    return Window.of(
        c,
        c.attributes()
            .integers("kernel_shape")
            .orElseThrow(() -> c.error("attribute `kernel_shape` is missing")));
  }

  private static boolean ceil(NodeContext c) {
    return c.attributes().flag("ceil_mode", false);
  }

  private static TensorShape poolShape(ShapeContext c) {
    return window(c).slide(c, c.shape(0), ceil(c));
  }

  private static List<String> maxPool(CodeContext c) {
    Window window = window(c);
    // ATen pools floats; 8-bit integers are exact in them.
    boolean floats = c.type(0) == DataType.FLOAT;
    String x = floats ? c.input(0) : c.let(Types.cast(c.input(0), Types.FLOAT));
    boolean plain = window.poolable();
    String padded = plain ? x : c.let(window.padded(c, x, "float('-inf')", ceil(c)));
    String arguments =
        "(%s, %s, %s, %s, %s, %s)"
            .formatted(
                padded,
                Window.list(window.kernel()),
                Window.list(window.strides()),
                Window.list(plain ? window.padding().before() : window.zeros()),
                Window.list(window.dilations()),
                Literals.flag(plain && ceil(c)));
    String call = "torch.max_pool" + window.axes() + "d";
    boolean positions = c.node().outputs().size() > 1 && !c.node().outputs().get(1).isEmpty();
    if (!positions) {
      return List.of(back(c, call + arguments));
    }
    if (window.padding().rule() != Window.Rule.GIVEN) {
      throw c.error(
          "its positions with auto_pad SAME need known spatial sizes, found " + c.shape(0));
    }
    c.method(POSITIONS);
    String both = c.let(call + "_with_indices" + arguments);
    String before = Window.list(plain ? window.zeros() : window.padding().before());
    boolean columns = c.attributes().flag("storage_order", false);
    return List.of(
        back(c, both + "[0]"),
        "(self).pool_positions(%s, %s, %s[1], %s, %s, )"
            .formatted(x, padded, both, before, Literals.flag(columns)));
  }

  /** A float expression in the type of the first input. */
  private static String back(CodeContext c, String expression) {
    return c.type(0) == DataType.FLOAT ? expression : Types.cast(expression, Types.aten(c.type(0)));
  }

  /** The shape that was pooled: the smallest of those that give as many windows. */
  private static TensorShape unpooled(NodeContext c) {
    Window window = window(c);
    TensorShape shape = c.shape(0);
    for (int i = 0; i < window.axes(); i++) {
      Dim dim = shape.dim(i + 2);
      if (!dim.known()) {
        throw c.error("expected known spatial sizes, found " + c.shape(0));
      }
      long size =
          (dim.size() - 1) * window.strides().get(i)
              + window.kernel().get(i)
              - window.padding().before().get(i)
              - window.padding().after().get(i);
      shape = shape.with(i + 2, Dim.of(size));
    }
    return shape;
  }

  private static TensorShape unpoolShape(ShapeContext c) {
    TensorShape shape = unpooled(c);
    if (!c.has(2)) {
      return shape;
    }
    return c.longs(2).map(TensorShape::of).orElseGet(() -> Axes.unknown(shape.rank()));
  }

  private static String unpool(CodeContext c) {
    c.method(UNPOOL);
    List<String> sizes = new ArrayList<>();
    TensorShape shape = unpooled(c);
    for (int i = 0; i < shape.rank(); i++) {
      Dim dim = shape.dim(i);
      sizes.add(dim.known() ? dim.toString() : "torch.size(%s, %d)".formatted(c.input(0), i));
    }
    String given = "[" + String.join(", ", sizes) + "]";
    return "(self).unpool(%s, %s, %s, %s, )"
        .formatted(c.input(0), c.input(1), given, c.has(2) ? c.integers(2) : given);
  }

  private static String averagePool(CodeContext c) {
    Window window = window(c);
    boolean countsPadding = c.attributes().flag("count_include_pad", false);
    if (window.poolable() && window.dense()) {
      return "torch.avg_pool%dd(%s, %s, %s, %s, %s, %s)"
          .formatted(
              window.axes(),
              c.input(0),
              Window.list(window.kernel()),
              Window.list(window.strides()),
              Window.list(window.padding().before()),
              Literals.flag(ceil(c)),
              Literals.flag(countsPadding));
    }
    // The sum of what a window covers over the number of what counts in it.
    String x = c.input(0);
    String sum = window.sum(c, c.let(window.padded(c, x, "0.", ceil(c))));
    String first = "torch.slice(torch.slice(%s, 0, 0, 1, 1), 1, 0, 1, 1)".formatted(x);
    String ones = c.let("torch.ones_like(%s)".formatted(first));
    String counted = window.counted(c, ones, countsPadding, ceil(c));
    return "torch.div(%s, %s)".formatted(sum, window.sum(c, c.let(counted)));
  }

  private static long exponent(NodeContext c) {
    long p = c.attributes().integer("p", 2);
    if (p < 1) {
      throw c.error("attribute `p`: expected at least 1, found " + p);
    }
    return p;
  }

  private static String powers(CodeContext c) {
    long p = exponent(c);
    String size = "torch.abs(" + c.input(0) + ")";
    return p == 1 ? size : "torch.pow(" + size + ", " + p + ")";
  }

  private static String lpPool(CodeContext c) {
    Window window = window(c);
    String padded = c.let(window.padded(c, powers(c), "0.", ceil(c)));
    return NormalizationOperators.root(c, window.sum(c, padded), exponent(c));
  }

  private static TensorShape globalShape(ShapeContext c) {
    TensorShape shape = c.shape(0);
    if (shape.rank() < 3) {
      throw c.error("expected an input N×C×spatial, found " + shape);
    }
    for (int i = 2; i < shape.rank(); i++) {
      shape = shape.with(i, Dim.of(1));
    }
    return shape;
  }

  private static String spatialAxes(NodeContext c) {
    return Window.list(LongStream.range(2, c.shape(0).rank()).boxed().toList());
  }
}
