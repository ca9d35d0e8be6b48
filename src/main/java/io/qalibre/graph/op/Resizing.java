package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a Resize or Upsample node asks for.
 *
 * @param axes the axes that it resizes
 * @param inputs where sizes and scales are
 * @param mode {@code nearest}, {@code linear} or {@code cubic}
 * @param coordinates where outputs lie on the input: {@code coordinate_transformation_mode}
 * @param rounding which element is nearest: {@code nearest_mode}
 */
record Resizing(
    List<Integer> axes, Inputs inputs, String mode, String coordinates, String rounding) {
  private static final List<String> COORDINATES =
      List.of(
          "half_pixel",
          "half_pixel_symmetric",
          "pytorch_half_pixel",
          "align_corners",
          "asymmetric",
          "tf_half_pixel_for_nn",
          "tf_crop_and_resize");

  /**
   * Where sizes and scales come from.
   *
   * @param sizes the input of the sizes, or −1
   * @param scales the input of the scales, or −1 where they are an attribute or not given
   * @param cubic the cubic's coefficient {@code a}
   * @param excludesOutside whether neighbours outside of the input count for nothing
   * @param policy how sizes are meant: {@code stretch}, {@code not_larger}, {@code not_smaller}
   */
  private record Inputs(
      int sizes, int scales, float cubic, boolean excludesOutside, String policy) {}

  static Resizing of(NodeContext c) {
    boolean old = c.node().type().equals("Upsample") || c.opset() < 11;
    int rank = c.shape(0).rank();
    List<Integer> axes =
        c.attributes()
            .integers("axes")
            .map(l -> l.stream().map(a -> Axes.axis(c, a, rank)).toList())
            .orElseGet(() -> IntStream.range(0, rank).boxed().toList());
    String mode = c.attributes().text("mode", "nearest");
    // Upsample also called it so.
    mode = mode.equals("bilinear") ? "linear" : mode;
    Resizing resizing =
        new Resizing(
            axes,
            new Inputs(
                !old && given(c, 3) ? 3 : -1,
                given(c, old ? 1 : 2) ? (old ? 1 : 2) : -1,
                c.attributes().number("cubic_coeff_a", -0.75f),
                c.attributes().flag("exclude_outside", false),
                c.attributes().text("keep_aspect_ratio_policy", "stretch")),
            mode,
            old
                ? "asymmetric"
                : c.attributes().text("coordinate_transformation_mode", "half_pixel"),
            old ? "floor" : c.attributes().text("nearest_mode", "round_prefer_floor"));
    resizing.check(c);
    return resizing;
  }

  /** An empty vector says, up to opset 12, that an input is not given. */
  private static boolean given(NodeContext c, int input) {
    return c.has(input) && !(c.shape(input).rank() == 1 && c.shape(input).dim(0).equals(Dim.of(0)));
  }

  private void check(NodeContext c) {
    require(c, "mode", mode, List.of("nearest", "linear", "cubic"));
    require(c, "coordinate_transformation_mode", coordinates, COORDINATES);
    require(
        c,
        "nearest_mode",
        rounding,
        List.of("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"));
    require(
        c, "keep_aspect_ratio_policy", policy(), List.of("stretch", "not_larger", "not_smaller"));
    if (!bySizes() && inputs.scales() < 0 && !c.attributes().has("scales")) {
      throw c.error("expected scales or sizes, found neither");
    }
    int count =
        bySizes()
            ? c.values(3).map(List::size).orElse(axes.size())
            : scales(c).map(s -> s.length).orElse(axes.size());
    if (count != axes.size()) {
      throw c.error(
          "expected a number for each of %d axes, found %d".formatted(axes.size(), count));
    }
  }

  private static void require(NodeContext c, String attribute, String found, List<String> known) {
    if (!known.contains(found)) {
      throw c.error(
          "attribute `%s`: expected one of %s, found %s".formatted(attribute, known, found));
    }
  }

  boolean bySizes() {
    return inputs.sizes() >= 0;
  }

  int sizesInput() {
    return inputs.sizes();
  }

  int scalesInput() {
    return inputs.scales();
  }

  float cubic() {
    return inputs.cubic();
  }

  boolean excludesOutside() {
    return inputs.excludesOutside();
  }

  String policy() {
    return inputs.policy();
  }

  boolean blends() {
    return !mode.equals("nearest");
  }

  boolean crops() {
    return coordinates.equals("tf_crop_and_resize");
  }

  boolean keepsRatio() {
    return bySizes() && !policy().equals("stretch");
  }

  /** The scales, where they are known. */
  @SuppressWarnings("unchecked") // the attribute is a list of floats
  Optional<float[]> scales(NodeContext c) {
    if (inputs.scales() >= 0) {
      return c.constant(inputs.scales()).map(Tensor::floats);
    }
    return Optional.ofNullable((List<Float>) c.attributes().values().get("scales"))
        .map(
            list -> {
              float[] scales = new float[list.size()];
              for (int i = 0; i < scales.length; i++) {
                scales[i] = list.get(i);
              }
              return scales;
            });
  }

  /** The size that comes out of each of the axes. */
  private List<Dim> dims(NodeContext c) {
    List<Dim> before = axes.stream().map(c.shape(0)::dim).toList();
    if (!bySizes()) {
      Optional<float[]> scales = crops() ? Optional.empty() : scales(c);
      return IntStream.range(0, axes.size())
          .mapToObj(
              i ->
                  scales
                      .map(s -> ResizeOperators.scaled(c, before.get(i), s[i]))
                      .orElseGet(Dim::unknown))
          .toList();
    }
    Optional<List<IndexValue>> sizes = c.values(inputs.sizes());
    if (sizes.isEmpty()) {
      return before.stream().map(d -> Dim.unknown()).toList();
    }
    List<Dim> wanted = sizes.get().stream().map(IndexValue::dim).toList();
    return keepsRatio() ? inRatio(before, wanted) : wanted;
  }

  private List<Dim> inRatio(List<Dim> before, List<Dim> wanted) {
    boolean known =
        IntStream.range(0, axes.size())
            .allMatch(i -> before.get(i).known() && wanted.get(i).known());
    if (!known) {
      return before.stream().map(d -> Dim.unknown()).toList();
    }
    var ratios =
        IntStream.range(0, axes.size())
            .mapToDouble(i -> (double) wanted.get(i).size() / before.get(i).size())
            .summaryStatistics();
    double scale = policy().equals("not_larger") ? ratios.getMin() : ratios.getMax();
    return before.stream().map(d -> Dim.of((long) Math.floor(scale * d.size() + 0.5))).toList();
  }

  TensorShape shape(NodeContext c) {
    return ResizeOperators.with(c.shape(0), axes, dims(c));
  }

  /** Whether one of the axes is known to stay as it is. */
  boolean unchanged(NodeContext c, int index) {
    Dim before = c.shape(0).dim(axes.get(index));
    boolean named = before.known() || before.symbol() != null;
    boolean one = !bySizes() && scales(c).map(s -> s[index] == 1).orElse(false);
    return !crops() && !keepsRatio() && (one || (named && dims(c).get(index).equals(before)));
  }
}
