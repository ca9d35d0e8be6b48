package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Convolutions and their transposes along one to three axes. */
final class ConvolutionOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Conv")
              .fresh()
              .shape(ConvolutionOperators::convShape)
              .code(ConvolutionOperators::convCode)
              .macs(ConvolutionOperators::convMacs)
              .parameter(1, ParameterSlot.weight(node -> 0))
              .parameter(2, ParameterSlot.BIAS)
              .build(),
          Operator.named("ConvTranspose")
              .fresh()
              .shape(ConvolutionOperators::transposeShape)
              .code(ConvolutionOperators::transposeCode)
              .macs(ConvolutionOperators::transposeMacs)
              .parameter(1, ParameterSlot.weight(ConvolutionOperators::transposeChannelAxis))
              .parameter(2, ParameterSlot.BIAS)
              .build());

  /** Cuts off or adds zeros at each axis' ends so that it has a wanted size. */
  private static final ScriptMethod FIT =
      new ScriptMethod(
          "fit_sizes",
          """
            def fit_sizes(self: __torch__.M,
              x: Tensor,
              sizes: List[int],
              extra: List[int],
              upper: bool) -> Tensor:
              pads = annotate(List[int], [])
              axes = torch.len(sizes)
              for i in range(axes):
                axis = axes - 1 - i
                size = torch.size(x, axis + 2)
                total = ops.prim.max(size + extra[axis] - sizes[axis], 0)
                less = total // 2
                if upper:
                  before = less
                else:
                  before = total - less
                _0 = torch.append(pads, torch.neg(before))
                _1 = torch.append(pads, sizes[axis] - size + before)
              return torch.constant_pad_nd(x, pads, 0.)
          """);

  private ConvolutionOperators() {}

  private static long groups(NodeContext c) {
    return c.attributes().integer("group", 1);
  }

  /** The window's sizes: the weight's, or where those are not known the attribute's. */
  private static List<Long> kernel(NodeContext c) {
    TensorShape weight = c.shape(1);
    if (weight.rank() != c.shape(0).rank()) {
      throw c.error("weight " + weight + " does not go with input " + c.shape(0));
    }
    List<Dim> spatial = weight.dims().subList(2, weight.rank());
    return spatial.stream().allMatch(Dim::known)
        ? spatial.stream().map(Dim::size).toList()
        : c.attributes()
            .integers("kernel_shape")
            .orElseThrow(
                () ->
                    c.error(
                        "expected a weight of known sizes or the attribute `kernel_shape`, found "
                            + weight));
  }

  private static void requireBias(NodeContext c, Dim channels) {
    boolean fits = !c.has(2) || (c.shape(2).rank() == 1 && alike(c.shape(2).dim(0), channels));
    if (!fits) {
      throw c.error("expected a bias of " + channels + " values, found " + c.shape(2));
    }
  }

  private static boolean alike(Dim a, Dim b) {
    return !a.known() || !b.known() || a.size() == b.size();
  }

  private static TensorShape convShape(ShapeContext c) {
    TensorShape input = c.shape(0);
    TensorShape weight = c.shape(1);
    Window window = Window.of(c, kernel(c));
    Dim taken = weight.dim(1);
    if (taken.known() && !alike(input.dim(1), Dim.of(taken.size() * groups(c)))) {
      throw c.error(
          "weight "
              + weight
              + " in "
              + groups(c)
              + " groups takes "
              + taken.size() * groups(c)
              + " channels, found the input "
              + input);
    }
    requireBias(c, weight.dim(0));
    return window.slide(c, input, false).with(1, weight.dim(0));
  }

  private static String convCode(CodeContext c) {
    Window window = Window.of(c, kernel(c));
    boolean even = window.padding().even();
    return "torch.conv%dd(%s, %s, %s, %s, %s, %s, %d)"
        .formatted(
            window.axes(),
            even ? c.input(0) : window.padded(c, c.input(0), "0.", false),
            c.input(1),
            c.optional(2),
            Window.list(window.strides()),
            Window.list(even ? window.padding().before() : window.zeros()),
            Window.list(window.dilations()),
            groups(c));
  }

  private static long convMacs(ShapeContext c) {
    TensorShape weight = c.shape(1);
    long perOutput = weight.elements() / Math.max(1, weight.dim(0).size());
    return MatrixOperators.products(c, convShape(c), perOutput);
  }

  /** Without groups the weight's axis 1 counts outputs; in groups only axis 0 tells them apart. */
  private static int transposeChannelAxis(OperatorNode node) {
    return node.attributes().integer("group", 1) == 1 ? 1 : 0;
  }

  /**
   * A transposed convolution.
   *
   * @param window the window, without padding
   * @param extra the attribute {@code output_padding}: additional elements at each axis' end
   * @param sizes the attribute {@code output_shape}: the sizes that come out
   * @param before what is cut off at each axis' beginning, where no sizes are given
   * @param after what is cut off at each axis' end
   */
  private record Transpose(
      Window window,
      List<Long> extra,
      Optional<List<Long>> sizes,
      List<Long> before,
      List<Long> after) {

    static Transpose of(NodeContext c) {
      Window window = Window.of(c, kernel(c));
      int axes = window.axes();
      List<Long> extra =
          Window.numbers(c, "output_padding", java.util.Collections.nCopies(axes, 0L), 0);
      Optional<List<Long>> sizes =
          c.attributes().integers("output_shape").map(s -> last(c, s, axes));
      String auto = Window.autoPad(c);
      if (!auto.startsWith("SAME")) {
        Window.Padding given = window.padding();
        return new Transpose(window, extra, sizes, given.before(), given.after());
      }
      // Each axis comes out stride times as large, whatever its size.
      List<Long> less = new ArrayList<>();
      List<Long> more = new ArrayList<>();
      for (int i = 0; i < axes; i++) {
        long total =
            (window.kernel().get(i) - 1) * window.dilations().get(i)
                + 1
                + extra.get(i)
                - window.strides().get(i);
        less.add(total > 0 ? total / 2 : 0);
        more.add(total - less.get(i));
      }
      boolean upper = auto.equals("SAME_UPPER");
      return new Transpose(window, extra, sizes, upper ? less : more, upper ? more : less);
    }

    private static List<Long> last(NodeContext c, List<Long> sizes, int axes) {
      if (sizes.size() < axes) {
        throw c.error("output_shape: expected " + axes + " sizes, found " + sizes);
      }
      return sizes.subList(sizes.size() - axes, sizes.size());
    }

    Dim size(NodeContext c, int axis, Dim input) {
      if (sizes.isPresent()) {
        return Dim.of(sizes.get().get(axis));
      }
      if (!input.known()) {
        return Dim.unknown();
      }
      long size =
          window.strides().get(axis) * (input.size() - 1)
              + extra.get(axis)
              + (window.kernel().get(axis) - 1) * window.dilations().get(axis)
              + 1
              - before.get(axis)
              - after.get(axis);
      if (size < 1) {
        throw c.error("nothing is left of " + c.shape(0) + " at axis " + (axis + 2));
      }
      return Dim.of(size);
    }

    /** Whether ATen's operator can pad by itself. */
    boolean plain() {
      return sizes.isEmpty()
          && before.equals(after)
          && before.stream().allMatch(n -> n >= 0)
          && IntStream.range(0, window.axes())
              .allMatch(
                  i -> extra.get(i) < Math.max(window.strides().get(i), window.dilations().get(i)));
    }

    String code(String x, String weight, String bias, long groups) {
      boolean plain = plain();
      return "torch.conv_transpose%dd(%s, %s, %s, %s, %s, %s, %d, %s)"
          .formatted(
              window.axes(),
              x,
              weight,
              plain ? bias : "None",
              Window.list(window.strides()),
              Window.list(plain ? before : window.zeros()),
              Window.list(plain ? extra : window.zeros()),
              groups,
              Window.list(window.dilations()));
    }
  }

  private static TensorShape transposeShape(ShapeContext c) {
    Transpose transpose = Transpose.of(c);
    TensorShape weight = c.shape(1);
    if (!alike(c.shape(0).dim(1), weight.dim(0))) {
      throw c.error(
          "weight "
              + weight
              + " takes "
              + weight.dim(0)
              + " channels, found the input "
              + c.shape(0));
    }
    Dim perGroup = weight.dim(1);
    Dim channels = perGroup.known() ? Dim.of(perGroup.size() * groups(c)) : perGroup;
    requireBias(c, channels);
    TensorShape shape = c.shape(0).with(1, channels);
    for (int i = 2; i < shape.rank(); i++) {
      shape = shape.with(i, transpose.size(c, i - 2, c.shape(0).dim(i)));
    }
    return shape;
  }

  private static String transposeCode(CodeContext c) {
    Transpose transpose = Transpose.of(c);
    String code = transpose.code(c.input(0), c.input(1), c.optional(2), groups(c));
    if (transpose.plain()) {
      return code;
    }
    String y = c.let(code);
    if (transpose.sizes().isPresent()) {
      c.method(FIT);
      y =
          c.let(
              "(self).fit_sizes(%s, %s, %s, %s, )"
                  .formatted(
                      y,
                      Window.list(transpose.sizes().get()),
                      Window.list(transpose.extra()),
                      Literals.flag(Window.autoPad(c).equals("SAME_UPPER"))));
    } else {
      List<Long> pads = new ArrayList<>();
      for (int i = transpose.window().axes() - 1; i >= 0; i--) {
        pads.add(-transpose.before().get(i));
        pads.add(transpose.extra().get(i) - transpose.after().get(i));
      }
      y = c.let("torch.constant_pad_nd(%s, %s, 0.)".formatted(y, Window.list(pads)));
    }
    return c.has(2)
        ? "torch.add(%s, %s)"
            .formatted(y, NormalizationOperators.alongChannels(c.input(2), c.shape(0).rank()))
        : y;
  }

  private static long transposeMacs(ShapeContext c) {
    TensorShape weight = c.shape(1);
    long perInput = weight.elements() / Math.max(1, weight.dim(0).size());
    return MatrixOperators.products(c, c.shape(0), perInput);
  }
}
