package io.qalibre;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.QuantizerEdit;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.Rounding;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How a network is to be quantized: a target's rules and the user's choices. Every {@code with…}
 * gives a new value.
 *
 * <p>The pattern of an edit ({@link #disable}, {@link #withBits} and the others that take one)
 * names a tensor, a node (its parameters, constants and outputs), an operator type such as {@code
 * Conv} ({@code input} for the network's inputs), one node of a type by its place in the order of
 * execution ({@code Conv[0]} the first, {@code Conv[-1]} the last) or a kind ({@code activation},
 * {@code weight}, {@code bias}); {@code *} stands for any text. One that matches nothing is an
 * error when the simulation is made. Later edits win. Tied quantizers have one grid: what an edit
 * says of one holds for all of them, but {@link #disable} leaves the others on.
 *
 * @param config the target's rules
 * @param options the user's choices
 */
public record QuantConfig(RuntimeConfig config, PlacementOptions options) {

  /**
   * What ONNX Runtime and integer targets run: symmetric int8 weights per channel, asymmetric uint8
   * activations, biases in the int32 steps of the sums; Relu, Relu6 and batch normalization fused
   * into the operator before them, depthwise convolutions included; normalizations and GELUs that
   * are written out in single operators quantized at their ends; what a Softmax reads left in
   * floats.
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

  /**
   * AIMET's rules for Qualcomm's Hexagon Tensor Processor: what it fuses, its weights per channel
   * from V68 on, ranges it fixes, and quantizers it ties.
   *
   * @param version {@code v66}, {@code v68}, {@code v69}, {@code v73}, {@code v75}, {@code v79},
   *     {@code v81} or {@code v85}, in small or capital letters
   * @throws io.qalibre.errors.UnknownNameException if there is none of that version
   */
  public static QuantConfig htp(String version) {
    return builtIn("htp_" + version.toLowerCase(Locale.ROOT));
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

  /**
   * The same with weights of other bits.
   *
   * @param bits 2 to 16 or 32
   */
  public QuantConfig withWeightBits(int bits) {
    return new QuantConfig(config, options.withParameterBits(bits));
  }

  /**
   * The same with activations of other bits.
   *
   * @param bits 2 to 16 or 32
   */
  public QuantConfig withActivationBits(int bits) {
    return new QuantConfig(config, options.withActivationBits(bits));
  }

  /** The same with another way to find ranges, of weights and activations. */
  public QuantConfig withScheme(QuantScheme scheme) {
    return withSchemes(scheme, scheme);
  }

  /** The same with other ways to find the ranges of weights and those of activations. */
  public QuantConfig withSchemes(QuantScheme weights, QuantScheme activations) {
    return new QuantConfig(config, options.withSchemes(weights, activations));
  }

  /** The same with another way to find the ranges of the quantizers that a pattern names. */
  public QuantConfig withScheme(String pattern, QuantScheme scheme) {
    return with(new QuantizerEdit.Scheme(pattern, scheme));
  }

  /** The same with another rounding of all codes; half to even unless this is called. */
  public QuantConfig withRounding(Rounding rounding) {
    return new QuantConfig(config, options.withRounding(rounding));
  }

  /** The same with the quantizers that a pattern names switched off. */
  public QuantConfig disable(String pattern) {
    return with(new QuantizerEdit.Disable(pattern));
  }

  /**
   * The same with other bits for the quantizers that a pattern names.
   *
   * @param bits 2 to 16 or 32
   */
  public QuantConfig withBits(String pattern, int bits) {
    return with(new QuantizerEdit.Bits(pattern, bits));
  }

  /** The same with (a)symmetric grids for the quantizers that a pattern names. */
  public QuantConfig withSymmetric(String pattern, boolean symmetric) {
    return with(new QuantizerEdit.Symmetric(pattern, symmetric));
  }

  /**
   * The same with one grid for each tensor that a pattern names: {@code withPerTensor("weight")}
   * for targets whose weights have no scale a channel.
   */
  public QuantConfig withPerTensor(String pattern) {
    return with(new QuantizerEdit.PerTensor(pattern));
  }

  /** The same with half-precision floats instead of codes for what a pattern names. */
  public QuantConfig withFloat16(String pattern) {
    return with(new QuantizerEdit.Float16(pattern));
  }

  /**
   * The same with a symmetric grid for each block of input channels, for the weights of Conv,
   * ConvTranspose, Gemm and MatMul that a pattern names.
   *
   * @param bits 2 to 16 or 32
   * @param blockSize input channels of a block; has to divide those of each weight
   */
  public QuantConfig withBlockwise(String pattern, int bits, int blockSize) {
    return with(new QuantizerEdit.Blocks(pattern, bits, blockSize, 0));
  }

  /**
   * The same in blocks whose scales are whole multiples, 1 to 2^(decompressedBits − bits), of one
   * float for each channel (low-power blockwise quantization), so that a target can turn the codes
   * into codes of {@code decompressedBits} on one grid for each channel.
   *
   * @param bits bits of a stored code, 2 to 16
   * @param decompressedBits bits of a code that is computed with, more than {@code bits}
   * @param blockSize input channels of a block; has to divide those of each weight
   */
  public QuantConfig withLpbq(String pattern, int bits, int decompressedBits, int blockSize) {
    if (decompressedBits <= bits) {
      throw new QalibreException(
          "the decompressed bits of `%s`: expected more than the %d of its codes, found %d"
              .formatted(pattern, bits, decompressedBits));
    }
    return with(new QuantizerEdit.Blocks(pattern, bits, blockSize, decompressedBits - bits));
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
                options.parameters().bits(),
                options.parameters().scheme(),
                options.activations().bits(),
                options.activations().scheme())
        + (options.rounding() == Rounding.HALF_EVEN ? "" : "; " + options.rounding().label())
        + options.edits().stream().map(e -> "; " + e).collect(Collectors.joining());
  }
}
