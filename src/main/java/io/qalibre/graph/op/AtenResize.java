package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The cases of Resize that ATen has an operator of its own for. */
final class AtenResize {
  private static final List<String> LINEAR = List.of("linear1d", "bilinear2d", "trilinear3d");

  private AtenResize() {}

  /**
   * How ATen's operators are told what to resize to.
   *
   * @param sizes a list of sizes, or {@code None}
   * @param scales a list of scales, or {@code None}
   * @param whole whether each size is a multiple of what it was
   */
  private record Target(String sizes, String scales, boolean whole) {}

  /** The call that computes the same as the node, where there is one. */
  static Optional<String> call(CodeContext c, Resizing r) {
    int rank = c.shape(0).rank();
    boolean eligible =
        rank >= 3
            && rank <= 5
            && c.type(0) == DataType.FLOAT
            && !r.crops()
            && !r.keepsRatio()
            && !r.excludesOutside()
            && !c.attributes().flag("antialias", false)
            && IntStream.range(0, r.axes().size())
                .allMatch(i -> r.axes().get(i) >= 2 || r.unchanged(c, i));
    return eligible ? target(c, r).flatMap(t -> call(c, r, t)) : Optional.empty();
  }

  private static Optional<String> call(CodeContext c, Resizing r, Target target) {
    int spatial = c.shape(0).rank() - 2;
    return switch (r.mode()) {
      case "nearest" ->
          target.whole() && nearestIsFloor(r)
              ? Optional.of(
                  "torch.upsample_nearest%dd(%s, %s, %s)"
                      .formatted(spatial, c.input(0), target.sizes(), target.scales()))
              : Optional.empty();
      case "linear" -> smooth(c, r, target, LINEAR.get(spatial - 1));
      default ->
          spatial == 2 && r.cubic() == -0.75f
              ? smooth(c, r, target, "bicubic2d")
              : Optional.empty();
    };
  }

  /** Whether, at whole scales, the nearest element is that at the position rounded down. */
  private static boolean nearestIsFloor(Resizing r) {
    return r.coordinates().equals("asymmetric")
        ? r.rounding().equals("floor")
        : r.coordinates().endsWith("half_pixel") && r.rounding().startsWith("round");
  }

  private static Optional<String> smooth(CodeContext c, Resizing r, Target target, String name) {
    boolean corners = r.coordinates().equals("align_corners");
    boolean centres =
        r.coordinates().equals("half_pixel")
            || (r.coordinates().equals("pytorch_half_pixel") && noneShrinksToOne(c, r));
    return corners || centres
        ? Optional.of(
            "torch.upsample_%s(%s, %s, %s, %s)"
                .formatted(
                    name, c.input(0), target.sizes(), Literals.flag(corners), target.scales()))
        : Optional.empty();
  }

  /** A single output lies elsewhere in the mode named after PyTorch than in PyTorch. */
  private static boolean noneShrinksToOne(CodeContext c, Resizing r) {
    return r.shape(c).dims().stream().skip(2).noneMatch(d -> d.size() == 1);
  }

  /** Sizes where all are known and no rounding hides a scale, else whole scales. */
  private static Optional<Target> target(CodeContext c, Resizing r) {
    TensorShape before = c.shape(0);
    TensorShape after = r.shape(c);
    int rank = before.rank();
    double[] scales = new double[rank - 2];
    Arrays.fill(scales, 1);
    if (!r.bySizes()) {
      Optional<float[]> given = r.scales(c);
      if (given.isEmpty()) {
        return Optional.empty();
      }
      for (int i = 0; i < r.axes().size(); i++) {
        if (r.axes().get(i) >= 2) {
          scales[r.axes().get(i) - 2] = given.get()[i];
        }
      }
    }
    List<Long> sizes = new ArrayList<>();
    boolean known = true;
    boolean whole = true;
    for (int i = 2; i < rank; i++) {
      Dim from = before.dim(i);
      Dim to = after.dim(i);
      double scale = scales[i - 2];
      known &= to.known() && (r.bySizes() || (from.known() && from.size() * scale == to.size()));
      whole &=
          r.bySizes()
              ? from.known() && from.size() > 0 && to.known() && to.size() % from.size() == 0
              : scale == Math.rint(scale);
      sizes.add(to.size());
    }
    if (known) {
      return Optional.of(new Target(Window.list(sizes), "None", whole));
    }
    return !r.bySizes() && whole
        ? Optional.of(new Target("None", Arrays.toString(scales), true))
        : Optional.empty();
  }
}
