package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.List;

/** Pooling over space. */
final class PoolingOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("MaxPool")
              .shape(PoolingOperators::poolShape)
              .code(PoolingOperators::maxPool)
              .preservesGrid()
              .build(),
          Operator.named("AveragePool")
              .shape(PoolingOperators::poolShape)
              .code(PoolingOperators::averagePool)
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
              .build());

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

  private static String maxPool(CodeContext c) {
    Window window = window(c);
    return "torch.max_pool%dd(%s, %s, %s, %s, %s, %s)"
        .formatted(
            window.axes(),
            window.padded(c.input(0), "float('-inf')"),
            Window.list(window.kernel()),
            Window.list(window.strides()),
            Window.list(window.implicit()),
            Window.list(window.dilations()),
            bool(ceil(c)));
  }

  private static String averagePool(CodeContext c) {
    Window window = window(c);
    boolean countPadding = c.attributes().flag("count_include_pad", false);
    if (!window.symmetric() && !countPadding) {
      throw c.error("unequal padding that is not counted is not supported");
    }
    return "torch.avg_pool%dd(%s, %s, %s, %s, %s, %s)"
        .formatted(
            window.axes(),
            window.padded(c.input(0), "0."),
            Window.list(window.kernel()),
            Window.list(window.strides()),
            Window.list(window.implicit()),
            bool(ceil(c)),
            bool(countPadding));
  }

  private static TensorShape globalShape(ShapeContext c) {
    TensorShape shape = c.shape(0);
    for (int i = 2; i < shape.rank(); i++) {
      shape = shape.with(i, Dim.of(1));
    }
    return shape;
  }

  private static String spatialAxes(NodeContext c) {
    int rank = c.shape(0).rank();
    return Window.list(java.util.stream.LongStream.range(2, rank).boxed().toList());
  }

  private static String bool(boolean value) {
    return value ? "True" : "False";
  }
}
