package io.qalibre.graph.op;

import io.qalibre.graph.Attributes;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The sliding window of a convolution or a pooling: its geometry along the spatial axes.
 *
 * @param kernel the window's size, one number an axis
 * @param strides the step
 * @param dilations the distance of neighbouring taps
 * @param before the padding at each axis' beginning
 * @param after the padding at each axis' end
 */
record Window(
    List<Long> kernel,
    List<Long> strides,
    List<Long> dilations,
    List<Long> before,
    List<Long> after) {

  /** The window of a node whose first input is N×C×spatial. */
  static Window of(NodeContext context, List<Long> kernel) {
    Attributes attributes = context.attributes();
    int axes = context.shape(0).rank() - 2;
    if (axes < 1 || axes != kernel.size()) {
      throw context.error(
          "a window of "
              + kernel.size()
              + " axes does not go with the input "
              + context.shape(0)
              + " (N×C×spatial)");
    }
    List<Long> ones = Collections.nCopies(axes, 1L);
    List<Long> strides = numbers(context, "strides", ones, 1);
    List<Long> dilations = numbers(context, "dilations", ones, 1);
    String auto = attributes.text("auto_pad", "NOTSET");
    if (auto.startsWith("SAME")) {
      return same(context, kernel, strides, dilations);
    }
    List<Long> pads =
        auto.equals("VALID")
            ? Collections.nCopies(2 * axes, 0L)
            : numbers(context, "pads", Collections.nCopies(2 * axes, 0L), 0);
    return new Window(
        kernel, strides, dilations, pads.subList(0, axes), pads.subList(axes, 2 * axes));
  }

  /** A list attribute with as many numbers as its default, none below {@code least}. */
  private static List<Long> numbers(
      NodeContext context, String attribute, List<Long> otherwise, long least) {
    List<Long> numbers = context.attributes().integers(attribute).orElse(otherwise);
    if (numbers.size() != otherwise.size() || numbers.stream().anyMatch(n -> n < least)) {
      throw context.error(
          "expected %d %s of at least %d, found %s"
              .formatted(otherwise.size(), attribute, least, numbers));
    }
    return numbers;
  }

  private static Window same(
      NodeContext context, List<Long> kernel, List<Long> strides, List<Long> dilations) {
    boolean upper = context.attributes().text("auto_pad", "").equals("SAME_UPPER");
    List<Long> before = new ArrayList<>();
    List<Long> after = new ArrayList<>();
    for (int i = 0; i < kernel.size(); i++) {
      Dim dim = context.shape(0).dim(i + 2);
      if (!dim.known()) {
        throw context.error("auto_pad SAME needs a known spatial size, found " + context.shape(0));
      }
      long extent = (kernel.get(i) - 1) * dilations.get(i) + 1;
      long outputs = (dim.size() + strides.get(i) - 1) / strides.get(i);
      long total = Math.max(0, (outputs - 1) * strides.get(i) + extent - dim.size());
      before.add(upper ? total / 2 : total - total / 2);
      after.add(upper ? total - total / 2 : total / 2);
    }
    return new Window(kernel, strides, dilations, before, after);
  }

  /** Whether each axis is padded alike at both ends. */
  boolean symmetric() {
    return before.equals(after);
  }

  /** The number of spatial axes. */
  int axes() {
    return kernel.size();
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
    long room =
        size
            + before.get(axis)
            + after.get(axis)
            - ((kernel.get(axis) - 1) * dilations.get(axis) + 1);
    if (room < 0) {
      throw context.error(
          "the window " + kernel + " is larger than the padded input " + context.shape(0));
    }
    long count = (ceil ? room + stride - 1 : room) / stride + 1;
    // A window that would start in the padding at the end is left out, as in ONNX and ATen.
    return ceil && (count - 1) * stride >= size + before.get(axis) ? count - 1 : count;
  }

  /** The input's expression padded explicitly where ATen's symmetric padding cannot express it. */
  String padded(String input, String value) {
    if (symmetric()) {
      return input;
    }
    List<Long> pads = new ArrayList<>();
    for (int i = axes() - 1; i >= 0; i--) {
      pads.add(before.get(i));
      pads.add(after.get(i));
    }
    return "torch.constant_pad_nd(" + input + ", " + list(pads) + ", " + value + ")";
  }

  /** The padding that ATen's operator applies itself. */
  List<Long> implicit() {
    return symmetric() ? before : Collections.nCopies(axes(), 0L);
  }

  /** A list of integers in TorchScript. */
  static String list(List<Long> values) {
    return values.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
  }
}
