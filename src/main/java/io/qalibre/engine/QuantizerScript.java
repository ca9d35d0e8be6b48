package io.qalibre.engine;

import io.qalibre.graph.QuantizerNode;
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
 * <p>Values are rounded in place, unseen by the gradient; E is added as a multiple of s − s, which
 * changes nothing but the way back. What remains depends on the batch:
 *
 * <ul>
 *   <li>Nothing is clipped, which smallest and largest value tell: the gradient of x is that of y,
 *       and there is none for the zero point ({@code within}).
 *   <li>Something is: a clamp c gives the gradient of x. Its bounds are those between which codes
 *       are on the grid: half a step beyond the ends, that step included where half to even rounds
 *       to the end. (x − c) times a huge number, clamped, is 0 inside and half a step beyond the
 *       end's code outside; with round(c/s) − c/s it is E. The zero point moves x there and back.
 *   <li>A ReLU before the quantizer is part of that clamp. Then only the upper end clips, and the
 *       same number outside, in another measure, is the gradient of the zero point.
 * </ul>
 *
 * <p>A pass over a tensor that is in the cache costs a fifth of a tensor that is new, and one with
 * truth values costs four of it: that chose these forms, and not ATen's fused operators, which take
 * three times as long and besides round after adding the zero point and so give other codes at some
 * ties. {@code benchmarks/peers/run qat} measures a step of training.
 *
 * <p>Where ranges stay, only the clamp is left: see {@link FixedGrids}.
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
        def pixels_last(self: __torch__.M,
          x: Tensor) -> bool:
          if torch.eq(torch.dim(x), 4):
            last = torch.is_contiguous(x, memory_format=2)
          else:
            last = False
          return last
        def rows(self: __torch__.M,
          x: Tensor) -> Tensor:
          if (self).pixels_last(x, ):
            y = torch.permute(x, [0, 2, 3, 1])
          else:
            y = x
          if torch.gt(torch.dim(x), 1):
            count = torch.size(x, 0)
          else:
            count = 1
          return torch.reshape(y, [count, 1, -1])
        def shaped(self: __torch__.M,
          y: Tensor,
          x: Tensor) -> Tensor:
          if (self).pixels_last(x, ):
            n, c, h, w, = torch.size(x)
            z = torch.permute(torch.view(y, [n, h, w, c]), [0, 3, 1, 2])
          else:
            z = torch.view(y, torch.size(x))
          return z
        def moved(self: __torch__.M,
          y: Tensor,
          e: Tensor,
          by: Tensor) -> Tensor:
          return torch.baddbmm_(y, torch.expand(by, [torch.size(y, 0), 1, 1]), e)
        def fits(self: __torch__.M,
          x: Tensor,
          first: int,
          last: int,
          s: float) -> bool:
          d = torch.detach(x)
          if torch.gt(float(torch.amin(d)), torch.mul(torch.sub(float(first), 0.49), s)):
            inside = torch.lt(float(torch.amax(d)), torch.mul(torch.add(float(last), 0.49), s))
          else:
            inside = False
          return inside
        def within(self: __torch__.M,
          c: Tensor,
          s: Tensor,
          move: Tensor) -> Tensor:
          d = torch.div_(torch.detach(c), s)
          e = torch.round(d)
          e0 = torch.sub_(e, d)
          d0 = torch.mul_(torch.add_(d, e0), s)
          return (self).moved(c, e0, move, )
        def clipped(self: __torch__.M,
          x: Tensor,
          s: float,
          first: int,
          last: int,
          move: Tensor) -> Tensor:
          low = (self).edge(first, -0.5, s, )
          high = (self).edge(last, 0.5, s, )
          c = torch.hardtanh(x, low, high)
          d = torch.detach(c)
          e = torch.mul_(torch.sub(torch.detach(x), d), 1e+30)
          e0 = torch.clamp_(e, torch.sub(float(first), 0.5), torch.add(float(last), 0.5))
          d0 = torch.div_(d, s)
          e1 = torch.sub_(e0, d0)
          d1 = torch.clamp_(torch.round_(d0), first, last)
          e2 = torch.add_(e1, d1)
          d2 = torch.mul_(d1, s)
          return (self).moved(c, e2, move, )
        def learned(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          move: Tensor,
          codes: List[int]) -> Tensor:
          first, last, = codes
          r = (self).rows(x, )
          if (self).fits(r, first, last, float(s), ):
            y = (self).within(torch.clone(r), s, move, )
          else:
            y = (self).clipped(r, float(s), first, last, move, )
          return (self).shaped(y, x, )
        def learned_shifted(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          z: Tensor,
          move: Tensor,
          shift: Tensor,
          codes: List[int]) -> Tensor:
          first = torch.sub(codes[0], int(z))
          last = torch.sub(codes[1], int(z))
          r = (self).rows(x, )
          if (self).fits(r, first, last, float(s), ):
            y = (self).within(torch.clone(r), s, move, )
          else:
            y0 = (self).clipped(torch.add(r, shift), float(s), first, last, move, )
            y = torch.sub_(y0, shift)
          return (self).shaped(y, x, )
        def learned_rectified(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          z: Tensor,
          move: Tensor,
          shift: Tensor,
          codes: List[int],
          bound: float) -> Tensor:
          first = torch.sub(codes[0], int(z))
          last = torch.sub(codes[1], int(z))
          edge = (self).edge(last, 0.5, float(s), )
          half = torch.add(float(last), 0.5)
          if torch.lt(bound, edge):
            high = bound
            most = 0.
          else:
            high = edge
            most = half
          r = (self).rows(x, )
          c = torch.hardtanh(r, 0., high)
          if (self).fits(c, first, last, float(s), ):
            y = (self).within(c, s, move, )
          else:
            d = torch.detach(c)
            h = torch.mul_(torch.sub(torch.detach(r), d), 1e+30)
            h0 = torch.clamp_(h, 0., most)
            d0 = torch.div_(d, s)
            e = torch.sub_(torch.clamp_(torch.round(d0), first, last), d0)
            d1 = torch.mul_(torch.add_(d0, e), s)
            y0 = (self).moved(c, e, move, )
            y = (self).moved(y0, h0, torch.sub(move, torch.div(shift, half)), )
          return (self).shaped(y, x, )
        def fits_channels(self: __torch__.M,
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
        def learned_channels(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          move: Tensor,
          codes: List[int],
          axis: int) -> Tensor:
          first, last, = codes
          m = torch.movedim(x, axis, 0)
          if torch.eq(torch.dim(x), 4):
            p = torch.permute(m, [0, 2, 3, 1])
          else:
            p = m
          r = torch._unsafe_view(torch.clone(p, memory_format=0), [torch.size(p, 0), 1, -1])
          s0 = torch.view(s, [-1, 1, 1])
          least = torch.mul(s0, torch.sub(float(first), 0.49))
          most = torch.mul(s0, torch.add(float(last), 0.49))
          if (self).fits_channels(r, least, most, [2], ):
            y = (self).within(r, s0, move, )
          else:
            low = torch.mul(s0, (self).edge(first, -0.5, 1., ))
            high = torch.mul(s0, (self).edge(last, 0.5, 1., ))
            c = torch.clamp(r, low, high)
            d = torch.detach(c)
            h = torch.mul_(torch.sub(torch.detach(r), d), 1e+30)
            h0 = torch.clamp_(h, torch.sub(float(first), 0.5), torch.add(float(last), 0.5))
            d0 = torch.div_(d, s0)
            e = torch.sub_(torch.clamp_(torch.round(d0), first, last), d0)
            d1 = torch.mul_(torch.add_(d0, e), s0)
            y = (self).moved(c, torch.add_(e, h0), move, )
          y1 = torch.view(y, torch.size(p))
          if torch.eq(torch.dim(x), 4):
            y2 = torch.permute(y1, [0, 3, 1, 2])
          else:
            y2 = y1
          return torch.movedim(y2, 0, axis)
        def learned_channels_shifted(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          z: Tensor,
          move: Tensor,
          shift: Tensor,
          codes: List[int],
          shape: List[int]) -> Tensor:
          first, last, = codes
          s0 = torch.view(torch.add(s, torch.view(move, [-1])), shape)
          z0 = torch.view(torch.add(z, torch.div(shift, s)), shape)
          v = torch.div(x, s0)
          q = torch.add(v, torch.detach(torch.sub(torch.round(v), v)))
          c = torch.clamp(q, torch.rsub(z0, first), torch.rsub(z0, last))
          return torch.mul(c, s0)
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
          if (self).fits_channels(x, low, high, axes, ):
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
