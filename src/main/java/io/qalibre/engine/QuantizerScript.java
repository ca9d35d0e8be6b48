package io.qalibre.engine;

import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;

/**
 * The quantizer of training, whose range is learned: minimum and maximum are the parameters, scale
 * and offset follow from them, and gradients are AIMET's.
 *
 * <p>With N steps: scale = (max − min)/N; asymmetric grids have the zero point −min/scale, rounded
 * straight-through; symmetric grids have it fixed. The fused operators of ATen give d/dx = 1 inside
 * the grid, d/dscale = round(x/s) − x/s inside and the end's code outside, and d/dzero = −s
 * outside.
 */
final class QuantizerScript {
  /** The methods that {@link #call} calls. */
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
        def asymmetric(self: __torch__.M,
          x: Tensor,
          lo: Tensor,
          hi: Tensor,
          steps: int,
          least: float) -> Tensor:
          s = (self).scale(lo, hi, float(steps), least, )
          z = (self).zero(lo, s, float(steps), )
          return torch._fake_quantize_learnable_per_tensor_affine(x, s, z, 0, steps, 1.)
        def symmetric(self: __torch__.M,
          x: Tensor,
          lo: Tensor,
          hi: Tensor,
          least_code: int,
          largest_code: int,
          least: float) -> Tensor:
          s = (self).scale(lo, hi, float(torch.sub(largest_code, least_code)), least, )
          z = torch.zeros_like(torch.detach(s))
          return torch._fake_quantize_learnable_per_tensor_affine(x, s, z, least_code, largest_code, 1.)
        def asymmetric_channels(self: __torch__.M,
          x: Tensor,
          lo: Tensor,
          hi: Tensor,
          axis: int,
          steps: int,
          least: float) -> Tensor:
          s = (self).scale(lo, hi, float(steps), least, )
          z = (self).zero(lo, s, float(steps), )
          return torch._fake_quantize_learnable_per_channel_affine(x, s, z, axis, 0, steps, 1.)
        def symmetric_channels(self: __torch__.M,
          x: Tensor,
          lo: Tensor,
          hi: Tensor,
          axis: int,
          least_code: int,
          largest_code: int,
          least: float) -> Tensor:
          s = (self).scale(lo, hi, float(torch.sub(largest_code, least_code)), least, )
          z = torch.zeros_like(torch.detach(s))
          return torch._fake_quantize_learnable_per_channel_affine(x, s, z, axis, least_code, largest_code, 1.)
      """;

  private QuantizerScript() {}

  /**
   * The call that quantizes {@code x} with the range in the variables {@code lo} and {@code hi}. A
   * symmetry that may be unsigned is taken to be: see {@link LearnedRanges#decided}.
   */
  static String call(QuantizerNode node, String x, String lo, String hi) {
    QuantizerSpec spec = node.spec();
    long steps = (1L << spec.bitwidth()) - 1;
    double least = Grids.minimumScale(spec.bitwidth());
    String channels = spec.perChannel() ? "_channels" : "";
    String axis = spec.perChannel() ? ", " + spec.axis() : "";
    Symmetry symmetry = spec.symmetry();
    if (!symmetry.symmetric()) {
      return "(self).asymmetric%s(%s, %s, %s%s, %d, %s, )"
          .formatted(channels, x, lo, hi, axis, steps, least);
    }
    boolean unsigned = symmetry.unsignedIfPositive();
    long largest = unsigned ? steps : steps / 2;
    long smallest = unsigned ? 0 : symmetry.strict() ? -largest : -largest - 1;
    return "(self).symmetric%s(%s, %s, %s%s, %d, %d, %s, )"
        .formatted(channels, x, lo, hi, axis, smallest, largest, least);
  }
}
