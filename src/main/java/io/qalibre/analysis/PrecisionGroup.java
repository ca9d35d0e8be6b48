package io.qalibre.analysis;

import java.util.List;
import java.util.Set;

/**
 * Layers that have to have one precision, since they read the same activation or weight.
 *
 * @param layers the layers' node names, one or more
 * @param weights the names of the nodes that quantize their weights
 * @param activations the names of the nodes that quantize what they read; none where that is not
 *     quantized
 * @param constants the weights' initializers
 * @param macs multiply-accumulates of the layers for a sample
 */
record PrecisionGroup(
    List<String> layers,
    Set<String> weights,
    Set<String> activations,
    Set<String> constants,
    long macs) {
  PrecisionGroup {
    layers = List.copyOf(layers);
    weights = Set.copyOf(weights);
    activations = Set.copyOf(activations);
    constants = Set.copyOf(constants);
  }

  /** The first layer's name, and how many there are beside. */
  String name() {
    return layers.size() == 1 ? layers.get(0) : layers.get(0) + " + " + (layers.size() - 1);
  }

  /** Bit operations for a sample. */
  double bitOperations(Precision precision) {
    return (double) macs
        * precision.weightBits()
        * (activations.isEmpty() ? PrecisionGroups.FLOAT_BITS : precision.activationBits());
  }
}
