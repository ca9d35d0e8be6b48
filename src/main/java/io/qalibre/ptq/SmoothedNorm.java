package io.qalibre.ptq;

import io.qalibre.graph.LayerWeight;
import java.util.List;

/**
 * A normalization with the factors found for it.
 *
 * @param norm the normalization
 * @param layers the layers that read its output, and nothing else does
 * @param factors what each channel of the output is divided by
 */
@SuppressWarnings("ArrayRecordComponent") // handed on inside this room, and never compared
record SmoothedNorm(Normalization norm, List<LayerWeight> layers, double[] factors) {
  SmoothedNorm {
    layers = List.copyOf(layers);
  }
}
