package io.qalibre.analysis;

import io.qalibre.graph.QuantizerNode;
import java.util.List;
import java.util.Set;

/**
 * Quantizers that belong together: those of an operator's parameters, of the network's input where
 * it reads it, and of its output, behind the activation function that is fused into it. Sums,
 * poolings and other operators without parameters whose output is quantized are layers too.
 *
 * @param name the operator's node name; for an input of the network that no layer reads, its name
 * @param operator the operator's type
 * @param quantizers its enabled quantizers, in order of execution
 * @param constants the initializers that its operators read
 */
record QuantizedLayer(
    String name, String operator, List<QuantizerNode> quantizers, Set<String> constants) {
  QuantizedLayer {
    quantizers = List.copyOf(quantizers);
    constants = Set.copyOf(constants);
  }
}
