package io.qalibre.engine;

/** What a graph is compiled for. */
enum Mode {
  /** Quantizers quantize; no gradients. Without quantizers this is the float network. */
  INFER,
  /** Parameters are quantized, activations pass through; their ranges come out beside. */
  OBSERVE,
  /**
   * Quantizers quantize with the ranges given as tensors; gradients flow to weights and ranges;
   * batch normalizations use the statistics they have, dropouts drop.
   */
  TRAIN,
  /** The same, but batch normalizations use each batch's statistics and update their own. */
  TRAIN_LIVE_NORMS,
  /** The network that a training has so far: as {@link #TRAIN}, but dropouts drop nothing. */
  VALIDATE;

  /** Whether weights and ranges are those that a training changes. */
  boolean trains() {
    return dropsOut() || this == VALIDATE;
  }

  /** Whether dropouts drop. */
  boolean dropsOut() {
    return this == TRAIN || this == TRAIN_LIVE_NORMS;
  }
}
