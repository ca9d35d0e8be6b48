package io.qalibre;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.QuantizerEdit;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.graph.Graph;
import io.qalibre.quant.QuantScheme;
import java.nio.file.Path;
import java.util.stream.Collectors;

/**
 * How a network is to be quantized: a target's rules and the user's choices. Every {@code with…}
 * gives a new value.
 *
 * <p>The pattern of {@link #disable}, {@link #withBits} and {@link #withSymmetric} names a tensor,
 * a node (its parameters, constants and outputs), an operator type such as {@code Conv} ({@code
 * input} for the network's inputs) or a kind ({@code activation}, {@code weight}, {@code bias});
 * {@code *} stands for any text. One that matches nothing is an error when the simulation is made.
 *
 * @param config the target's rules
 * @param options the user's choices
 */
public record QuantConfig(RuntimeConfig config, PlacementOptions options) {

  /**
   * What ONNX Runtime and integer targets run: symmetric int8 weights per channel, asymmetric uint8
   * activations, float biases; Relu, Relu6 and batch normalization fused into the operator before
   * them, depthwise convolutions included.
   */
  public static QuantConfig int8() {
    return builtIn("int8");
  }

  /** AIMET's default: symmetric weights per channel, asymmetric activations. */
  public static QuantConfig perChannel() {
    return builtIn("per_channel");
  }

  /** AIMET's {@code default_config.json}: the same with one grid for each weight tensor. */
  public static QuantConfig perTensor() {
    return builtIn("per_tensor");
  }

  private static QuantConfig builtIn(String name) {
    return new QuantConfig(RuntimeConfig.builtIn(name), PlacementOptions.DEFAULT);
  }

  /**
   * Reads AIMET's runtime config from a JSON file.
   *
   * @throws io.qalibre.config.ConfigException if there is no such file, or it is not a config; the
   *     message names the JSON path
   */
  public static QuantConfig load(Path file) {
    return new QuantConfig(RuntimeConfig.read(file), PlacementOptions.DEFAULT);
  }

  /**
   * Reads AIMET's runtime config from a JSON file.
   *
   * @throws io.qalibre.config.ConfigException if there is no such file, or it is not a config; the
   *     message names the JSON path
   */
  public static QuantConfig load(String file) {
    return load(Path.of(file));
  }

  /** The same with weights of 2 to 32 bits. */
  public QuantConfig withWeightBits(int bits) {
    return new QuantConfig(config, options.withParameterBits(bits));
  }

  /** The same with activations of 2 to 32 bits. */
  public QuantConfig withActivationBits(int bits) {
    return new QuantConfig(config, options.withActivationBits(bits));
  }

  /** The same with another way to find ranges, of weights and activations. */
  public QuantConfig withScheme(QuantScheme scheme) {
    return new QuantConfig(config, options.withSchemes(scheme, scheme));
  }

  /** The same with the quantizers that a pattern names switched off. */
  public QuantConfig disable(String pattern) {
    return with(new QuantizerEdit.Disable(pattern));
  }

  /** The same with 2 to 32 bits for the quantizers that a pattern names. */
  public QuantConfig withBits(String pattern, int bits) {
    return with(new QuantizerEdit.Bits(pattern, bits));
  }

  /** The same with (a)symmetric grids for the quantizers that a pattern names. */
  public QuantConfig withSymmetric(String pattern, boolean symmetric) {
    return with(new QuantizerEdit.Symmetric(pattern, symmetric));
  }

  private QuantConfig with(QuantizerEdit edit) {
    return new QuantConfig(config, options.with(edit));
  }

  /**
   * Puts quantizers on a float graph; see {@link Placement#place}.
   *
   * @throws io.qalibre.errors.QalibreException if the config contradicts itself, an edit matches
   *     nothing, or the graph has quantizers already
   */
  public Graph place(Graph graph) {
    return Placement.place(graph, config, options);
  }

  /** Such as {@code int8: weights 8 bits min_max, activations 8 bits min_max; disable conv1}. */
  @Override
  public String toString() {
    return "%s: weights %d bits %s, activations %d bits %s"
            .formatted(
                config.name(),
                options.parameterBits(),
                options.parameterScheme().label(),
                options.activationBits(),
                options.activationScheme().label())
        + options.edits().stream().map(e -> "; " + e).collect(Collectors.joining());
  }
}
