package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The sliding window of a convolution or a pooling: its geometry along the spatial axes.
 *
 * @param kernel the window's size, one number an axis
 * @param strides the step
 * @param dilations the distance of neighbouring taps
 * @param padding what surrounds the input
 */
record Window(List<Long> kernel, List<Long> strides, List<Long> dilations, Padding padding) {
  /** How the padding is said: in numbers, or so that there are ⌈size ÷ stride⌉ windows. */
  enum Rule {
    GIVEN,
    SAME_UPPER,
    SAME_LOWER
  }

  /**
   * The padding around the spatial axes.
   *
   * @param before the padding at each axis' beginning
   * @param after the padding at each axis' end
   * @param rule {@code GIVEN} where the numbers are known; else they follow, by this rule, from
   *     sizes that are known only when the program runs
   */
  record Padding(List<Long> before, List<Long> after, Rule rule) {
    static Padding of(List<Long> pads) {
      int axes = pads.size() / 2;
      return new Padding(pads.subList(0, axes), pads.subList(axes, 2 * axes), Rule.GIVEN);
    }

    /** Whether the numbers are known, and each axis is padded alike at both ends. */
    boolean even() {
      return rule == Rule.GIVEN && before.equals(after);
    }
  }

  /** Pads by the rule SAME. */
  private static final ScriptMethod PAD_SAME =
      new ScriptMethod(
          "pad_same",
          """
            def pad_same(self: __torch__.M,
              x: Tensor,
              extents: List[int],
              strides: List[int],
              lower: bool,
              value: float) -> Tensor:
              pads = annotate(List[int], [])
              axes = torch.len(extents)
              for i in range(axes):
                axis = axes - 1 - i
                size = torch.size(x, axis + 2)
                windows = (size + strides[axis] - 1) // strides[axis]
                total = ops.prim.max((windows - 1) * strides[axis] + extents[axis] - size, 0)
                less = total // 2
                if lower:
                  before = total - less
                else:
                  before = less
                _0 = torch.append(pads, before)
                _1 = torch.append(pads, total - before)
              return torch.constant_pad_nd(x, pads, value)
          """);

  /**
   * Pads so that as many whole windows fit as there are outputs when their number is rounded up;
   * none begins in the padding at the end. What is beyond the padding is {@code excess}.
   */
  private static final ScriptMethod PAD_CEIL =
      new ScriptMethod(
          "pad_ceil",
          """
            def pad_ceil(self: __torch__.M,
              x: Tensor,
              extents: List[int],
              strides: List[int],
              before: List[int],
              after: List[int],
              value: float,
              excess: float) -> Tensor:
              pads = annotate(List[int], [])
              more = annotate(List[int], [])
              axes = torch.len(extents)
              for i in range(axes):
                axis = axes - 1 - i
                size = torch.size(x, axis + 2) + before[axis]
                step = strides[axis]
                last = (size + after[axis] - extents[axis] + step - 1) // step
                if last * step >= size:
                  last = last - 1
                _0 = torch.append(pads, before[axis])
                _1 = torch.append(pads, after[axis])
                _2 = torch.append(more, 0)
                _3 = torch.append(more, last * step + extents[axis] - size - after[axis])
              return torch.constant_pad_nd(torch.constant_pad_nd(x, pads, value), more, excess)
          """);

  /** Adds up what each window covers, axis by axis, without padding. */
  private static final ScriptMethod SUM =
      new ScriptMethod(
          "window_sum",
          """
            def window_sum(self: __torch__.M,
              x: Tensor,
              extents: List[int],
              strides: List[int],
              dilations: List[int]) -> Tensor:
              y = x
              for axis in range(torch.len(extents)):
                all = torch.unfold(y, axis + 2, extents[axis], strides[axis])
                taps = torch.slice(all, -1, 0, extents[axis], dilations[axis])
                y = torch.sum(taps, [-1], False)
              return y
          """);

  /** The window of a node whose first input is N×C×spatial. */
  static Window of(NodeContext context, List<Long> kernel) {
    int axes = context.shape(0).rank() - 2;
    if (axes < 1 || axes != kernel.size()) {
      throw context.error(
          "a window of "
              + kernel.size()
              + " axes does not go with the input "
              + context.shape(0)
              + " (N×C×spatial)");
    }
    if (axes > 3) {
      throw context.error("expected at most 3 spatial axes, found the input " + context.shape(0));
    }
    List<Long> ones = Collections.nCopies(axes, 1L);
    List<Long> none = Collections.nCopies(2 * axes, 0L);
    Window bare =
        new Window(
            kernel,
            numbers(context, "strides", ones, 1),
            numbers(context, "dilations", ones, 1),
            Padding.of(none));
    return switch (autoPad(context)) {
      case "SAME_UPPER" -> bare.same(context, Rule.SAME_UPPER);
      case "SAME_LOWER" -> bare.same(context, Rule.SAME_LOWER);
      case "VALID" -> bare;
      default -> bare.with(Padding.of(numbers(context, "pads", none, 0)));
    };
  }

  /** The attribute {@code auto_pad}. */
  static String autoPad(NodeContext context) {
    String auto = context.attributes().text("auto_pad", "NOTSET");
    if (!List.of("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID").contains(auto)) {
      throw context.error(
          "auto_pad: expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, found " + auto);
    }
    return auto;
  }

  /** A list attribute with as many numbers as its default, none below {@code least}. */
  static List<Long> numbers(
      NodeContext context, String attribute, List<Long> otherwise, long least) {
    List<Long> numbers = context.attributes().integers(attribute).orElse(otherwise);
    if (numbers.size() != otherwise.size() || numbers.stream().anyMatch(n -> n < least)) {
      throw context.error(
          "expected %d %s of at least %d, found %s"
              .formatted(otherwise.size(), attribute, least, numbers));
    }
    return numbers;
  }

  private Window with(Padding changed) {
    return new Window(kernel, strides, dilations, changed);
  }

  private Window same(NodeContext context, Rule rule) {
    List<Long> before = new ArrayList<>();
    List<Long> after = new ArrayList<>();
    boolean known = true;
    for (int i = 0; i < axes(); i++) {
      Dim dim = context.shape(0).dim(i + 2);
      known &= dim.known();
      long windows = dim.known() ? (dim.size() + strides.get(i) - 1) / strides.get(i) : 0;
      long total = Math.max(0, (windows - 1) * strides.get(i) + extent(i) - dim.size());
      long less = dim.known() ? total / 2 : 0;
      long more = dim.known() ? total - less : 0;
      before.add(rule == Rule.SAME_UPPER ? less : more);
      after.add(rule == Rule.SAME_UPPER ? more : less);
    }
    return with(new Padding(before, after, known ? Rule.GIVEN : rule));
  }

  /** The number of spatial axes. */
  int axes() {
    return kernel.size();
  }

  /** The elements of an axis from the first tap to the last. */
  private long extent(int axis) {
    return (kernel.get(axis) - 1) * dilations.get(axis) + 1;
  }

  private List<Long> extents() {
    return IntStream.range(0, axes()).mapToObj(this::extent).toList();
  }

  /** Whether neighbouring taps are neighbouring elements. */
  boolean dense() {
    return dilations.stream().allMatch(d -> d == 1);
  }

  /**
   * Whether ATen's poolings can pad by themselves: at both ends alike, by at most half a window.
   */
  boolean poolable() {
    return padding.even()
        && IntStream.range(0, axes()).allMatch(i -> padding.before().get(i) <= extent(i) / 2);
  }

  /** The input's shape with its spatial sizes replaced by the number of windows. */
  TensorShape slide(NodeContext context, TensorShape input, boolean ceil) {
    TensorShape result = input;
    for (int i = 0; i < axes(); i++) {
      Dim dim = input.dim(i + 2);
      result =
          result.with(
              i + 2, dim.known() ? Dim.of(count(context, i, dim.size(), ceil)) : Dim.unknown());
    }
    return result;
  }

  private long count(NodeContext context, int axis, long size, boolean ceil) {
    long stride = strides.get(axis);
    long before = padding.before().get(axis);
    long room = size + before + padding.after().get(axis) - extent(axis);
    if (room < 0) {
      throw context.error(
          "the window " + kernel + " is larger than the padded input " + context.shape(0));
    }
    long count = (ceil ? room + stride - 1 : room) / stride + 1;
    // A window that would start in the padding at the end is left out, as in ONNX and ATen.
    return ceil && (count - 1) * stride >= size + before ? count - 1 : count;
  }

  /**
   * An input's expression padded explicitly, where ATen's operators cannot pad by themselves.
   *
   * @param ceil whether a last window that is not whole counts
   */
  String padded(CodeContext c, String input, String value, boolean ceil) {
    return padded(c, input, value, ceil ? Optional.of(value) : Optional.empty());
  }

  /** Ones padded likewise: what an average counts of each window. */
  String counted(CodeContext c, String ones, boolean padding, boolean ceil) {
    return padded(c, ones, padding ? "1." : "0.", ceil ? Optional.of("0.") : Optional.empty());
  }

  private String padded(CodeContext c, String input, String value, Optional<String> excess) {
    if (padding.rule() != Rule.GIVEN) {
      c.method(PAD_SAME);
      return "(self).pad_same(%s, %s, %s, %s, %s, )"
          .formatted(
              input,
              list(extents()),
              list(strides),
              Literals.flag(padding.rule() == Rule.SAME_LOWER),
              value);
    }
    if (excess.isPresent()) {
      c.method(PAD_CEIL);
      return "(self).pad_ceil(%s, %s, %s, %s, %s, %s, %s, )"
          .formatted(
              input,
              list(extents()),
              list(strides),
              list(padding.before()),
              list(padding.after()),
              value,
              excess.get());
    }
    List<Long> pads = new ArrayList<>();
    for (int i = axes() - 1; i >= 0; i--) {
      pads.add(padding.before().get(i));
      pads.add(padding.after().get(i));
    }
    return "torch.constant_pad_nd(" + input + ", " + list(pads) + ", " + value + ")";
  }

  /** The sum over each window of an input that is padded already. */
  String sum(CodeContext c, String padded) {
    c.method(SUM);
    return "(self).window_sum(%s, %s, %s, %s, )"
        .formatted(padded, list(extents()), list(strides), list(dilations));
  }

  /** As many zeros as there are axes: the padding left to ATen's operator after an explicit one. */
  List<Long> zeros() {
    return Collections.nCopies(axes(), 0L);
  }

  /** A list of integers in TorchScript. */
  static String list(List<Long> values) {
    return values.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
  }
}
