package io.qalibre.engine;

import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.QuantizerSpec;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The quantizers of training. Where ranges learn: see {@link LearnedScript}. Where they stay, only
 * a clamp is left of them: see {@link FixedGrids}; weights of which none is clipped do without it.
 */
final class QuantizerScript {
  /** The methods that are called. */
  static final String METHODS =
      LearnedScript.METHODS
          + """
        def grid_fits_channels(self: __torch__.M,
          x: Tensor,
          low: Tensor,
          high: Tensor,
          axes: List[int]) -> bool:
          d = torch.detach(x)
          if bool(torch.all(torch.ge(torch.amin(d, axes, True), low))):
            inside = bool(torch.all(torch.le(torch.amax(d, axes, True), high)))
          else:
            inside = False
          return inside
        def straight_through(self: __torch__.M,
          x: Tensor,
          e: List[Tensor],
          at: int) -> Tensor:
          c = torch.hardtanh(x, float(e[at]), float(e[torch.add(at, 1)]))
          s = float(e[torch.add(at, 2)])
          d = torch.round_(torch.div_(torch.detach(c), s))
          d0 = torch.clamp_(d, float(e[torch.add(at, 3)]), float(e[torch.add(at, 4)]))
          d1 = torch.mul_(d0, s)
          return c
        def straight_through_channels(self: __torch__.M,
          x: Tensor,
          r: List[Tensor],
          at: int,
          shape: List[int],
          axes: List[int]) -> Tensor:
          low = torch.view(r[at], shape)
          high = torch.view(r[torch.add(at, 1)], shape)
          s = torch.view(r[torch.add(at, 2)], shape)
          if torch.eq(torch.dim(x), 4):
            w = torch.contiguous(x, memory_format=2)
          else:
            w = x
          if (self).grid_fits_channels(x, low, high, axes, ):
            c = torch.clone(w)
          else:
            c = torch.clamp(w, low, high)
          d = torch.mul_(torch.round_(torch.div_(torch.detach(c), s)), s)
          return c
      """;

  private final QuantizerNode node;
  private final QuantizerSpec spec;
  private final Codes codes;

  QuantizerScript(QuantizerNode node) {
    this.node = node;
    this.spec = node.spec();
    this.codes = Codes.of(spec);
  }

  /** The call that quantizes a tensor of a rank with the variables of its range. */
  String learned(RangeForm form, String x, int rank, RangeScript.Variables range) {
    String move = move(form, x, range);
    if (spec.perChannel()) {
      return spec.symmetry().symmetric()
          ? "(self).learned_channels(%s, %s, %s, %s, %d, )"
              .formatted(x, range.scale(), move, codeList(), spec.axis())
          : "(self).learned_channels_shifted(%s, %s, %s, %s, %s, %s, %s, )"
              .formatted(
                  x, range.scale(), range.zero(), move, range.shift(), codeList(), shape(rank));
    }
    return spec.symmetry().symmetric()
        ? "(self).learned(%s, %s, %s, %s, )".formatted(x, range.scale(), move, codeList())
        : "(self).learned_shifted(%s, %s, %s, %s, %s, %s, )"
            .formatted(x, range.scale(), range.zero(), move, range.shift(), codeList());
  }

  /** The call that limits a tensor to 0 … bound and quantizes it with one grid. */
  String rectified(RangeForm form, String x, double bound, RangeScript.Variables range) {
    return "(self).learned_rectified(%s, %s, %s, %s, %s, %s, %s, )"
        .formatted(
            x,
            range.scale(),
            range.zero(),
            move(form, x, range),
            range.shift(),
            codeList(),
            Math.min(bound, Float.MAX_VALUE));
  }

  /** The call that quantizes {@code x} with a grid that stays, whose numbers begin at a place. */
  String fixed(String x, int at, int rank) {
    if (!spec.perChannel()) {
      return "(self).straight_through(%s, e, %d, )".formatted(x, at);
    }
    return "(self).straight_through_channels(%s, r, %d, %s, %s, )"
        .formatted(x, at, shape(rank), otherAxes(rank));
  }

  private String codeList() {
    return "[%d, %d]".formatted(codes.first(), codes.last());
  }

  /** What moves with the scale; LSQ lets it learn more slowly. */
  private String move(RangeForm form, String x, RangeScript.Variables range) {
    return form == RangeForm.STEP
        ? "torch.mul(%s, %s)".formatted(range.move(), gradientFactor(x, range.scale()))
        : range.move();
  }

  /** The shape in which numbers of channels, or the one number, go with a tensor of a rank. */
  String shape(int rank) {
    return IntStream.range(0, rank)
        .mapToObj(axis -> axis == spec.axis() ? "-1" : "1")
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private String otherAxes(int rank) {
    return IntStream.range(0, rank)
        .filter(axis -> axis != spec.axis())
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  /** 1/√(N·Q), with N the elements for each scale: of a channel, or of a sample. */
  private String gradientFactor(String x, String scale) {
    String shares = node.parameter() ? "torch.numel(" + scale + ")" : "torch.size(" + x + ", 0)";
    return "torch.pow(torch.div(float(torch.mul(torch.numel(%s), %d)), float(%s)), -0.5)"
        .formatted(x, codes.last(), shares);
  }
}
