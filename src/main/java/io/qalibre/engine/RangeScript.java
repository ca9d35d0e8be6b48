package io.qalibre.engine;

import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Grids;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How a training program gets scales and zero points from its ranges' parameters, {@code r}: those
 * of one kind are joined, computed at once and parted again. Operators on single numbers cost as
 * much as a pass over a small tensor, and a network has hundreds of ranges.
 */
final class RangeScript {
  /** What the arithmetic depends on. */
  private record Kind(long steps, double least, boolean symmetric) {
    static Kind of(QuantizerNode node) {
      return new Kind(
          Codes.of(node.spec()).steps(),
          Grids.minimumScale(node.spec().bitwidth()),
          node.spec().symmetry().symmetric());
    }
  }

  /** Where in {@code r} a range's first parameter is, and how many numbers it has. */
  private record Place(int at, long size) {}

  /**
   * The variables of a range.
   *
   * @param scale its scales, without a gradient
   * @param zero its zero points, without a gradient
   * @param move scale − scale, with the gradient of the scale, of shape C×1×1
   * @param shift (zero − zero) · scale, with the gradient of the zero point
   */
  record Variables(String scale, String zero, String move, String shift) {}

  private final RangeForm form;
  private final Map<Kind, List<Place>> kinds = new LinkedHashMap<>();

  RangeScript(RangeForm form) {
    this.form = form;
  }

  RangeForm form() {
    return form;
  }

  /**
   * Adds a range; one that is there already is found again.
   *
   * @param at where in {@code r} its first parameter is; the second follows
   * @param size how many numbers it has
   */
  Variables variables(QuantizerNode node, int at, long size) {
    Kind kind = Kind.of(node);
    List<Place> places = kinds.computeIfAbsent(kind, k -> new ArrayList<>());
    Place place = new Place(at, size);
    if (!places.contains(place)) {
      places.add(place);
    }
    String suffix = List.copyOf(kinds.keySet()).indexOf(kind) + "[" + places.indexOf(place) + "]";
    return new Variables("scales" + suffix, "zeros" + suffix, "moves" + suffix, "shifts" + suffix);
  }

  /** The lines that compute all variables. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    int number = 0;
    for (Map.Entry<Kind, List<Place>> kind : kinds.entrySet()) {
      lines.addAll(lines(number++, kind.getKey(), kind.getValue()));
    }
    return lines;
  }

  private List<String> lines(int number, Kind kind, List<Place> places) {
    String sizes =
        places.stream()
            .map(p -> Long.toString(p.size()))
            .collect(Collectors.joining(", ", "[", "]"));
    String[] ends =
        IntStream.range(0, 2)
            .mapToObj(
                second ->
                    places.stream()
                        .map(place -> "r[" + (place.at() + second) + "]")
                        .collect(Collectors.joining(", ", "torch.cat([", "])")))
            .toArray(String[]::new);
    String n = Integer.toString(number);
    return List.of(
        "first%s = %s".formatted(n, ends[0]),
        "second%s = %s".formatted(n, ends[1]),
        "scale%s = %s".formatted(n, scale(kind, n)),
        "zero%s = %s".formatted(n, zero(kind, n)),
        "scales%1$s = torch.split_with_sizes(torch.detach(scale%1$s), %2$s)".formatted(n, sizes),
        "zeros%1$s = torch.split_with_sizes(torch.detach(zero%1$s), %2$s)".formatted(n, sizes),
        "move%1$s = torch.view(torch.sub(scale%1$s, torch.detach(scale%1$s)), [-1, 1, 1])"
            .formatted(n),
        "moves%1$s = torch.split_with_sizes(move%1$s, %2$s)".formatted(n, sizes),
        "shift%1$s = torch.mul(torch.sub(zero%1$s, torch.detach(zero%1$s)), torch.detach(scale%1$s))"
            .formatted(n),
        "shifts%1$s = torch.split_with_sizes(shift%1$s, %2$s)".formatted(n, sizes));
  }

  private String scale(Kind kind, String n) {
    return switch (form) {
      case ENDS ->
          "(self).grid_scale(first%1$s, second%1$s, %2$d., %3$s, )"
              .formatted(n, kind.steps(), kind.least());
      case STEP -> "torch.clamp(torch.abs(first%s), %s)".formatted(n, kind.least());
    };
  }

  private String zero(Kind kind, String n) {
    if (kind.symmetric()) {
      return "torch.zeros_like(torch.detach(first%s))".formatted(n);
    }
    return switch (form) {
      case ENDS -> "(self).grid_zero(first%1$s, scale%1$s, %2$d., )".formatted(n, kind.steps());
      case STEP -> "second" + n;
    };
  }
}
