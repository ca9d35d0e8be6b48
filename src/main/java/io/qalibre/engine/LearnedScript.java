package io.qalibre.engine;

/**
 * The quantizers of training whose ranges learn.
 *
 * <p>Scale and zero point follow from two parameters ({@link RangeForm}, {@link RangeScript}). From
 * minimum and maximum with N steps: scale = (max − min)/N; asymmetric grids have the zero point
 * −min/scale, rounded straight-through; symmetric grids have it fixed. Gradients are AIMET's: d/dx
 * = 1 where a code is on the grid; d/dscale = E = round(x/s) − x/s there and the end's code
 * elsewhere; d/dzero = −s elsewhere.
 *
 * <p>Values are rounded in place, unseen by the gradient; E times (s − s) is added, which changes
 * nothing but the way back. It is added as a matrix product, a row a sample or channel, whose
 * gradient is a sum of products that needs no array of them. What remains depends on the batch:
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
 * <p>Rows follow the order in memory, channels last for pictures; weights are laid out likewise, or
 * convolutions would do it again on the way there and back.
 *
 * <p>{@code benchmarks/peers/run quantizer} measures these forms beside others, ATen's fused
 * operator among them, which besides rounds after adding the zero point and so gives other codes at
 * some ties.
 */
final class LearnedScript {
  /** A tensor as it lies in memory, in an order of axes in which it is contiguous. */
  static final String DENSE =
      """
        def grid_pixels_last(self: __torch__.M,
          x: Tensor) -> bool:
          if torch.eq(torch.dim(x), 4):
            last = torch.is_contiguous(x, memory_format=2)
          else:
            last = False
          return last
        def grid_dense(self: __torch__.M,
          x: Tensor) -> Tensor:
          if (self).grid_pixels_last(x, ):
            y = torch.permute(x, [0, 2, 3, 1])
          else:
            y = x
          return y
      """;

  /** The methods that are called. */
  static final String METHODS =
      DENSE
          + """
        def grid_scale(self: __torch__.M,
          lo: Tensor,
          hi: Tensor,
          steps: float,
          least: float) -> Tensor:
          return torch.clamp(torch.div(torch.abs(torch.sub(hi, lo)), steps), least)
        def grid_zero(self: __torch__.M,
          lo: Tensor,
          s: Tensor,
          steps: float) -> Tensor:
          z = torch.neg(torch.div(lo, s))
          rounded = torch.add(z, torch.detach(torch.sub(torch.round(z), z)))
          return torch.clamp(rounded, 0., steps)
        def grid_edge(self: __torch__.M,
          code: int,
          half: float,
          s: float) -> float:
          nudge = torch.sub(1, torch.mul(2, torch.remainder(code, 2)))
          end = torch.mul(torch.add(float(code), half), s)
          return torch.mul(end, torch.add(1., torch.mul(float(nudge), 1.1920928955078125e-07)))
        def grid_rows(self: __torch__.M,
          x: Tensor) -> Tensor:
          y = (self).grid_dense(x, )
          if torch.gt(torch.dim(x), 1):
            count = torch.size(x, 0)
          else:
            count = 1
          return torch.reshape(y, [count, 1, -1])
        def grid_shaped(self: __torch__.M,
          y: Tensor,
          x: Tensor) -> Tensor:
          if (self).grid_pixels_last(x, ):
            n, c, h, w, = torch.size(x)
            z = torch.permute(torch.view(y, [n, h, w, c]), [0, 3, 1, 2])
          else:
            z = torch.view(y, torch.size(x))
          return z
        def grid_moved(self: __torch__.M,
          y: Tensor,
          e: Tensor,
          by: Tensor) -> Tensor:
          return torch.baddbmm_(y, torch.expand(by, [torch.size(y, 0), 1, 1]), e)
        def grid_fits(self: __torch__.M,
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
        def grid_within(self: __torch__.M,
          c: Tensor,
          s: Tensor,
          move: Tensor) -> Tensor:
          d = torch.div_(torch.detach(c), s)
          e = torch.round(d)
          e0 = torch.sub_(e, d)
          d0 = torch.mul_(torch.add_(d, e0), s)
          return (self).grid_moved(c, e0, move, )
        def grid_outside(self: __torch__.M,
          x: Tensor,
          c: Tensor,
          least: float,
          most: float) -> Tensor:
          e = torch.sub(torch.detach(x), torch.detach(c))
          return torch.clamp_(torch.mul_(e, 1e+30), least, most)
        def grid_rounded(self: __torch__.M,
          c: Tensor,
          s: Tensor,
          codes: List[int]) -> Tensor:
          first, last, = codes
          d = torch.div_(torch.detach(c), s)
          e = torch.sub_(torch.clamp_(torch.round(d), first, last), d)
          d0 = torch.mul_(torch.add_(d, e), s)
          return e
        def grid_clipped(self: __torch__.M,
          x: Tensor,
          s: float,
          first: int,
          last: int,
          move: Tensor) -> Tensor:
          low = (self).grid_edge(first, -0.5, s, )
          high = (self).grid_edge(last, 0.5, s, )
          c = torch.hardtanh(x, low, high)
          d = torch.detach(c)
          e = (self).grid_outside(x, d, torch.sub(float(first), 0.5), torch.add(float(last), 0.5), )
          d0 = torch.div_(d, s)
          e1 = torch.sub_(e, d0)
          d1 = torch.clamp_(torch.round_(d0), first, last)
          e2 = torch.add_(e1, d1)
          d2 = torch.mul_(d1, s)
          return (self).grid_moved(c, e2, move, )
        def learned(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          move: Tensor,
          codes: List[int]) -> Tensor:
          first, last, = codes
          r = (self).grid_rows(x, )
          if (self).grid_fits(r, first, last, float(s), ):
            y = (self).grid_within(torch.clone(r), s, move, )
          else:
            y = (self).grid_clipped(r, float(s), first, last, move, )
          return (self).grid_shaped(y, x, )
        def learned_shifted(self: __torch__.M,
          x: Tensor,
          s: Tensor,
          z: Tensor,
          move: Tensor,
          shift: Tensor,
          codes: List[int]) -> Tensor:
          first = torch.sub(codes[0], int(z))
          last = torch.sub(codes[1], int(z))
          r = (self).grid_rows(x, )
          if (self).grid_fits(r, first, last, float(s), ):
            y = (self).grid_within(torch.clone(r), s, move, )
          else:
            y0 = (self).grid_clipped(torch.add(r, shift), float(s), first, last, move, )
            y = torch.sub_(y0, shift)
          return (self).grid_shaped(y, x, )
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
          edge = (self).grid_edge(last, 0.5, float(s), )
          half = torch.add(float(last), 0.5)
          if torch.lt(bound, edge):
            high = bound
            most = 0.
          else:
            high = edge
            most = half
          r = (self).grid_rows(x, )
          c = torch.hardtanh(r, 0., high)
          if (self).grid_fits(c, first, last, float(s), ):
            y = (self).grid_within(c, s, move, )
          else:
            h = (self).grid_outside(r, c, 0., most, )
            e = (self).grid_rounded(c, s, [first, last], )
            y0 = (self).grid_moved(c, e, move, )
            y = (self).grid_moved(y0, h, torch.sub(move, torch.div(shift, half)), )
          return (self).grid_shaped(y, x, )
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
          if (self).grid_fits_channels(r, least, most, [2], ):
            y = (self).grid_within(r, s0, move, )
          else:
            low = torch.mul(s0, (self).grid_edge(first, -0.5, 1., ))
            high = torch.mul(s0, (self).grid_edge(last, 0.5, 1., ))
            c = torch.clamp(r, low, high)
            h = (self).grid_outside(r, c, torch.sub(float(first), 0.5), torch.add(float(last), 0.5), )
            e = (self).grid_rounded(c, s0, codes, )
            y = (self).grid_moved(c, torch.add_(e, h), move, )
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
      """;

  private LearnedScript() {}
}
