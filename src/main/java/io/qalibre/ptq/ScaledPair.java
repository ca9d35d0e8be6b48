package io.qalibre.ptq;

/**
 * Two layers with the factors found for them.
 *
 * @param pair the layers
 * @param factors what each output channel of the first is divided by
 */
@SuppressWarnings("ArrayRecordComponent") // handed on inside this room, and never compared
record ScaledPair(LayerPair pair, double[] factors) {
  /** The first layer's name. */
  String first() {
    return pair.first().layer().name();
  }

  /** The second layer's name. */
  String second() {
    return pair.second().layer().name();
  }
}
