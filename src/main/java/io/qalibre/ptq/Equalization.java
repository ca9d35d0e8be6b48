package io.qalibre.ptq;

/**
 * How layers are equalized.
 *
 * @param clips what happens where a ReLU6, or another Clip from 0 to a bound, lies between two
 *     layers
 * @param absorbsHighBiases whether what a channel always has above zero moves into the bias of the
 *     layer after it
 * @param asAimet whether the pairs, their order, the single pass and the absorption are AIMET's
 */
public record Equalization(Clips clips, boolean absorbsHighBiases, boolean asAimet) {
  /**
   * The default: until no factor changes any more, under the bounds of Clips, which stay as they
   * are; biases are not absorbed.
   */
  public static final Equalization DEFAULT = new Equalization(Clips.LIMIT_FACTORS, false, false);

  /** What happens where a Clip from 0 to a bound lies between two layers. */
  public enum Clips {
    /**
     * The Clip stays. A channel that stays below the bound may be scaled as long as it goes on
     * staying below it; one that reaches the bound keeps its scale. Needs to know how large the
     * channels get: from samples, or from the statistics of folded batch normalizations; where
     * neither is known the two layers stay as they are.
     */
    LIMIT_FACTORS,
    /**
     * The Clip becomes a Relu and a Min with a bound for each channel, so that every channel may be
     * scaled and the function stays exactly. Targets compute the Min as an operator of its own.
     */
    BOUND_CHANNELS,
    /**
     * The Clip becomes a Relu, as AIMET does it: what lay above the bound changes the function. Of
     * the golden MobileNetV2 8 dB are left.
     */
    REPLACE_BY_RELU,
    /** The two layers stay as they are. */
    LEAVE
  }

  /**
   * What AIMET's {@code equalize_model} does: pairs of convolutions and depthwise triples with
   * nothing but Relu and PRelu between, once in order; Clips become Relus; high biases are absorbed
   * where a batch normalization was folded.
   */
  public static Equalization aimet() {
    return new Equalization(Clips.REPLACE_BY_RELU, true, true);
  }

  /** The same with another way with Clips. */
  public Equalization withClips(Clips way) {
    return new Equalization(way, absorbsHighBiases, asAimet);
  }

  /** The same with or without absorption of high biases. */
  public Equalization withHighBiasAbsorption(boolean absorbs) {
    return new Equalization(clips, absorbs, asAimet);
  }
}
