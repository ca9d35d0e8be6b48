package io.qalibre.engine;

import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantizerSpec;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The quantizers of training.
 *
 * <p>Where ranges learn, scale and zero point follow from two parameters ({@link RangeForm}). From
 * minimum and maximum with N steps: scale = (max − min)/N; asymmetric grids have the zero point
 * −min/scale, rounded straight-through; symmetric grids have it fixed. Gradients are AIMET's: d/dx
 * = 1 where a code is on the grid; d/dscale = E = round(x/s) − x/s there and the end's code
 * elsewhere; d/dzero = −s elsewhere.
 *
 * <p>A clamp c gives the gradient of x, and what it gives is rounded in place, unseen by the
 * gradient. Its bounds are those between which codes are on the grid: half a step beyond the ends,
 * that step included where half to even rounds to the end. E is added as a multiple of s − s, which
 * changes nothing but the way back: (x − c) times a huge number, clamped, is 0 inside and half a
 * step beyond the end's code outside; minus c/s plus the code it is E in both. The zero point moves
 * x there and back. This takes half the time of ATen's fused operators, which besides round after
 * adding the zero point and so give other codes at some ties. Weights with a scale for each channel
 * and no zero point are left to them.
 *
 * <p>Where ranges stay, only the clamp is left, a third of that: see {@link FixedGrids}.
 */
final class QuantizerScript {
  /** The methods that are called. */
  static final String METHODS =
      """
        def scale(self: __torch__.M,
          lo: Tensor,
          hi: Tensor,
          steps: float,
          least: float) -> Tensor:
          return torch.clamp(torch.div(torch.abs(torch.sub(hi, lo)), steps), least)
        def zero(self: __torch__.M,
          lo: Tensor,
          s: Tensor,
          steps: float) -> Tensor:
          z = torch.neg(torch.div(lo, s))
          rounded = torch.add(z, torch.detach(torch.sub(torch.round(z), z)))
          return torch.clamp(rounded, 0., steps)
        def edge(self: __torch__.M,
          code: int,
          half: float,
          s: float) -> float:
          nudge = torch.sub(1, torch.mul(2, torch.remainder(code, 2)))
          end = torch.mul(torch.add(float(code), half), s)
          return torch.mul(end, torch.add(1., torch.mul(float(nudge), 1.1920928955078125e-07)))
        def learned(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          first: int,
          last: int,
          factor: float) -> Tensor:
          s0 = float(s)
          low = (self).edge(first, -0.5, s0, )
          high = (self).edge(last, 0.5, s0, )
          c = torch.hardtanh(x, low, high)
          d = torch.detach(c)
          e = torch.mul_(torch.sub(torch.detach(x), d), 1e+30)
          e0 = torch.clamp_(e, torch.sub(float(first), 0.5), torch.add(float(last), 0.5))
          d0 = torch.div_(d, s0)
          e1 = torch.sub_(e0, d0)
          d1 = torch.clamp_(torch.round_(d0), first, last)
          e2 = torch.add_(e1, d1)
          d2 = torch.mul_(d1, s0)
          move = torch.mul(torch.sub(s, torch.detach(s)), factor)
          return torch.addcmul_(c, e2, move)
        def learned_shifted(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          z: Tensor,
          first: int,
          last: int,
          factor: float) -> Tensor:
          shift = int(z)
          b = torch.mul(torch.sub(z, torch.detach(z)), float(s))
          y = (self).learned(torch.add(x, b), s, torch.sub(first, shift), torch.sub(last, shift), factor, )
          return torch.add_(y, torch.neg(b))
        def learned_channels(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          z: Tensor,
          first: float,
          last: float,
          shape: List[int],
          factor: float) -> Tensor:
          s0 = torch.mul(s, factor)
          s1 = torch.view(torch.add(s0, torch.detach(torch.sub(s, s0))), shape)
          z0 = torch.view(z, shape)
          v = torch.div(x, s1)
          q = torch.add(v, torch.detach(torch.sub(torch.round(v), v)))
          c = torch.clamp(q, torch.rsub(z0, first), torch.rsub(z0, last))
          return torch.mul(c, s1)
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
          shape: List[int]) -> Tensor:
          low = torch.view(r[at], shape)
          high = torch.view(r[torch.add(at, 1)], shape)
          s = torch.view(r[torch.add(at, 2)], shape)
          c = torch.clamp(x, low, high)
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

  /** The scale that follows from two parameters, of which the first has a place in the list. */
  String scale(RangeForm form, int at) {
    double least = Grids.minimumScale(spec.bitwidth());
    return switch (form) {
      case ENDS ->
          "(self).scale(r[%d], r[%d], %d., %s, )".formatted(at, at + 1, codes.steps(), least);
      case STEP -> "torch.clamp(torch.abs(r[%d]), %s)".formatted(at, least);
    };
  }

  /** The zero point that follows from two parameters and the variable of the scale. */
  String zero(RangeForm form, int at, String scale) {
    if (spec.symmetry().symmetric()) {
      return "torch.zeros_like(torch.detach(%s))".formatted(scale);
    }
    return switch (form) {
      case ENDS -> "(self).zero(r[%d], %s, %d., )".formatted(at, scale, codes.steps());
      case STEP -> "r[%d]".formatted(at + 1);
    };
  }

  /** The call that quantizes a tensor of a rank with the variables of scale and zero point. */
  String learned(RangeForm form, String x, int rank, String scale, String zero) {
    String factor = form == RangeForm.STEP ? gradientFactor(x, scale) : "1.";
    if (!spec.perChannel()) {
      return spec.symmetry().symmetric()
          ? "(self).learned(%s, %s, %d, %d, %s, )"
              .formatted(x, scale, codes.first(), codes.last(), factor)
          : "(self).learned_shifted(%s, %s, %s, %d, %d, %s, )"
              .formatted(x, scale, zero, codes.first(), codes.last(), factor);
    }
    return spec.symmetry().symmetric()
        ? "torch._fake_quantize_learnable_per_channel_affine(%s, %s, %s, %d, %d, %d, %s)"
            .formatted(x, scale, zero, spec.axis(), codes.first(), codes.last(), factor)
        : "(self).learned_channels(%s, %s, %s, %d., %d., %s, %s, )"
            .formatted(x, scale, zero, codes.first(), codes.last(), shape(rank), factor);
  }

  /** The call that quantizes {@code x} with a grid that stays, whose numbers begin at a place. */
  String fixed(String x, int at, int rank) {
    if (!spec.perChannel()) {
      return "(self).straight_through(%s, e, %d, )".formatted(x, at);
    }
    return "(self).straight_through_channels(%s, r, %d, %s, )".formatted(x, at, shape(rank));
  }

  /** The shape in which numbers of channels, or the one number, go with a tensor of a rank. */
  String shape(int rank) {
    return IntStream.range(0, rank)
        .mapToObj(axis -> axis == spec.axis() ? "-1" : "1")
        .collect(Collectors.joining(", ", "[", "]"));
  }

  Codes codes() {
    return codes;
  }

  /** 1/√(N·Q), with N the elements for each scale: of a channel, or of a sample. */
  private String gradientFactor(String x, String scale) {
    String shares = node.parameter() ? "torch.numel(" + scale + ")" : "torch.size(" + x + ", 0)";
    return "torch.pow(torch.div(float(torch.mul(torch.numel(%s), %d)), float(%s)), -0.5)"
        .formatted(x, codes.last(), shares);
  }
}
