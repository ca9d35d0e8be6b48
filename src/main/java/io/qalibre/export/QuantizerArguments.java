package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.QuantizerSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The section {@code quantizer_args} of files: what most quantizers are. AIMET writes what its
 * simulation was made with.
 */
final class QuantizerArguments {
  /** AIMET's words for quant schemes, where they are not ours. */
  private static final Map<String, String> SCHEMES =
      Map.of("tf_enhanced", "post_training_tf_enhanced", "percentile", "post_training_percentile");

  private QuantizerArguments() {}

  static Map<String, Object> of(Graph graph) {
    List<QuantizerNode> enabled =
        graph.quantizers().stream().filter(QuantizerNode::enabled).toList();
    List<QuantizerSpec> activations = specs(enabled, false);
    List<QuantizerSpec> parameters = specs(enabled, true);
    List<QuantizerSpec> first = activations.isEmpty() ? parameters : activations;
    Map<String, Object> arguments = new LinkedHashMap<>();
    if (!activations.isEmpty()) {
      arguments.put("activation_bitwidth", most(activations, QuantizerSpec::bitwidth));
    }
    if (!parameters.isEmpty()) {
      arguments.put("param_bitwidth", most(parameters, QuantizerSpec::bitwidth));
      arguments.put("is_symmetric", most(parameters, spec -> spec.symmetry().symmetric()));
      arguments.put(
          "per_channel_quantization",
          parameters.stream().anyMatch(spec -> spec.granularity() != Granularity.PER_TENSOR));
    }
    if (!first.isEmpty()) {
      boolean floating =
          most(parameters.isEmpty() ? first : parameters, spec -> spec.format().floating());
      arguments.put("dtype", floating ? "float" : "int");
      String scheme = most(first, spec -> spec.scheme().label());
      arguments.put("quant_scheme", SCHEMES.getOrDefault(scheme, scheme));
    }
    return arguments;
  }

  private static List<QuantizerSpec> specs(List<QuantizerNode> enabled, boolean parameter) {
    return enabled.stream()
        .filter(node -> node.parameter() == parameter)
        .map(QuantizerNode::spec)
        .toList();
  }

  /** The most frequent value; of equally frequent ones the first. */
  private static <T> T most(List<QuantizerSpec> specs, Function<QuantizerSpec, T> value) {
    Map<T, Integer> counts = new LinkedHashMap<>();
    specs.forEach(spec -> counts.merge(value.apply(spec), 1, Integer::sum));
    int largest = counts.values().stream().max(Integer::compare).orElseThrow();
    return counts.entrySet().stream()
        .filter(count -> count.getValue() == largest)
        .findFirst()
        .orElseThrow()
        .getKey();
  }
}
