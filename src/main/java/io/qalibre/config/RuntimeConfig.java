package io.qalibre.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A target's rules for quantizers: AIMET's runtime config. The file is a JSON object of the
 * sections {@code defaults}, {@code params}, {@code op_type}, {@code supergroups}, {@code
 * model_input} and {@code model_output}, all of which must be there, and of {@code
 * supergroup_pass_list} and {@code qalibre}, which may be. Truth values are the texts {@code
 * "True"} and {@code "False"}.
 *
 * <p>A setting that the file leaves out is null here. Operator names are not checked against the
 * catalogue: a target's config names operators that a network need not have.
 *
 * @param name the file's name, or that of a built-in config; used in messages
 * @param defaults the section {@code defaults}
 * @param overrides the sections {@code params}, {@code op_type}, {@code model_input} and {@code
 *     model_output}
 * @param fusion the sections {@code supergroups} and {@code supergroup_pass_list}, and what {@code
 *     qalibre} says of them
 * @param deviations the other switches of {@code qalibre}
 */
public record RuntimeConfig(
    String name, Defaults defaults, Overrides overrides, Fusion fusion, Deviations deviations) {

  /**
   * Reads a config from a JSON file in UTF-8.
   *
   * @throws ConfigException if there is no such file, or it is not a config, naming the place
   */
  public static RuntimeConfig read(Path file) {
    return ConfigFiles.read(file);
  }

  /**
   * Reads a config from a text.
   *
   * @param name what messages call it
   * @param json the text
   * @throws ConfigException if it is not a config, naming the place
   */
  public static RuntimeConfig parse(String name, String json) {
    return RuntimeConfigReader.read(JsonSection.parse(name, json));
  }

  /**
   * A config that comes with Qalibre: {@code int8}, {@code per_channel}, {@code per_tensor}, or
   * {@code htp_} and one of {@code v66}, {@code v68}, {@code v69}, {@code v73}, {@code v75}, {@code
   * v79}, {@code v81} and {@code v85}.
   *
   * @throws io.qalibre.errors.UnknownNameException if there is none of that name
   */
  public static RuntimeConfig builtIn(String name) {
    return ConfigFiles.builtIn(name);
  }

  /** Whether the simulation rounds biases to the int32 steps that integer kernels add. */
  public boolean integerBias() {
    return deviations.integerBias();
  }

  /** The same rules under another name, for a target of another version. */
  RuntimeConfig forHardware(String otherName, String version) {
    Target target = new Target(version, defaults.target().kernels());
    Defaults other =
        new Defaults(
            defaults.ops(), defaults.params(), defaults.grids(), defaults.perChannel(), target);
    return new RuntimeConfig(otherName, other, overrides, fusion, deviations);
  }

  /**
   * A quantizer's two switches.
   *
   * @param quantized whether it quantizes, or null
   * @param symmetric whether its grid is symmetric, or null
   */
  public record Setting(@Nullable Boolean quantized, @Nullable Boolean symmetric) {
    static final Setting NONE = new Setting(null, null);
  }

  /**
   * What holds for every operator that no other rule names.
   *
   * @param ops outputs of operators
   * @param params parameters
   * @param grids the kind of symmetric grids
   * @param perChannel whether parameters have a grid for each channel
   * @param target the target's hardware
   */
  public record Defaults(
      Setting ops, Setting params, Grids grids, boolean perChannel, Target target) {}

  /**
   * The kind of symmetric grids.
   *
   * @param strict whether the most negative code is left out
   * @param unsigned whether a tensor that is never negative uses an unsigned grid
   */
  public record Grids(boolean strict, boolean unsigned) {}

  /**
   * What the target's hardware is and can.
   *
   * @param hwVersion its version, such as {@code V73}, or null
   * @param kernels the number formats it computes in; kept for mixed precision, without effect on
   *     the placement
   */
  public record Target(@Nullable String hwVersion, List<Kernel> kernels) {
    /** Copies the list. */
    public Target {
      kernels = List.copyOf(kernels);
    }
  }

  /**
   * Number formats that go together in one operator.
   *
   * @param activation the format of its inputs and outputs
   * @param param the format of its parameters, or null where it has none
   */
  public record Kernel(Format activation, @Nullable Format param) {}

  /**
   * A number format.
   *
   * @param bitwidth bits: 4, 8, 16 or 32; 16 or 32 for floats
   * @param dtype {@code int} or {@code float}
   */
  public record Format(int bitwidth, String dtype) {}

  /**
   * Settings for some parameters, operators and tensors only.
   *
   * @param params by kind of parameter: {@code weight}, {@code bias} …
   * @param opTypes by operator
   * @param boundary of the network's ends
   */
  public record Overrides(
      Map<String, Setting> params, Map<String, OpType> opTypes, Boundary boundary) {
    /** Copies the maps, keeping their order. */
    public Overrides {
      params = ordered(params);
      opTypes = ordered(opTypes);
    }
  }

  /**
   * Settings of one operator.
   *
   * @param tensors its inputs and outputs
   * @param params its parameters, by kind
   * @param perChannel whether its parameters have a grid for each channel, or null
   * @param kernels the number formats it is computed in
   * @param constraint bounds of its outputs' ranges, or null
   */
  public record OpType(
      Tensors tensors,
      Map<String, Setting> params,
      @Nullable Boolean perChannel,
      List<Kernel> kernels,
      @Nullable Constraint constraint) {
    /** Copies map and list, keeping their order. */
    public OpType {
      params = ordered(params);
      kernels = List.copyOf(kernels);
    }
  }

  /**
   * Settings of an operator's inputs and outputs.
   *
   * @param inputQuantized true to quantize the inputs, or null
   * @param outputQuantized whether the outputs are quantized, or null
   * @param symmetric whether the grids of inputs and outputs are symmetric, or null
   */
  public record Tensors(
      @Nullable Boolean inputQuantized,
      @Nullable Boolean outputQuantized,
      @Nullable Boolean symmetric) {}

  /**
   * Bounds that replace those seen in calibration.
   *
   * @param min the minimum, or null for the one seen
   * @param max the maximum, or null for the one seen
   */
  public record Constraint(@Nullable Double min, @Nullable Double max) {}

  /**
   * What the target computes in one step.
   *
   * @param supergroups chains of operators, each a list of two or more
   * @param passes the graph passes asked for: {@code MatmulAdd} …, and our own {@code Gelu}
   * @param fuseDepthwise whether a chain may begin with a depthwise or a three-dimensional
   *     convolution; AIMET says no, ONNX Runtime and integer targets fuse them
   * @param fusePasses whether a chain may go on from what a pass has found, such as the Relu after
   *     MatMul and Add; AIMET says no
   * @param clipFromZero whether a chain's Clip has to begin at zero, as Relu6 does; AIMET says no
   */
  public record Fusion(
      List<List<String>> supergroups,
      List<String> passes,
      boolean fuseDepthwise,
      boolean fusePasses,
      boolean clipFromZero) {
    /** Copies the lists. */
    public Fusion {
      supergroups = supergroups.stream().map(List::copyOf).toList();
      passes = List.copyOf(passes);
    }
  }

  /**
   * The network's ends.
   *
   * @param inputQuantized whether its inputs, and constants that are no parameters, are quantized
   * @param outputQuantized whether its outputs are quantized whatever the other rules say
   */
  public record Boundary(boolean inputQuantized, boolean outputQuantized) {}

  /**
   * What a config may ask for otherwise than AIMET does. Where its section {@code qalibre} is
   * silent, quantizers are as in AIMET.
   *
   * @param integerBias whether the simulation rounds biases to the int32 steps that integer kernels
   *     add, which it does unless a config says no; AIMET's keeps them float
   * @param quantizeBounds whether constants that only say how to compute (a Clip's bounds, a Pad's
   *     value, a Dropout's ratio) have quantizers, for the encodings file; AIMET says yes
   * @param tieQuantizers whether operators such as Concat, Relu and AveragePool share one grid
   *     between inputs and outputs; AIMET says yes
   * @param keepGrids whether the outputs of all operators that hand their input's values on
   *     unchanged keep its grid, also of those that AIMET does not count among them (GlobalMaxPool,
   *     MaxUnpool, ReverseSequence, CastLike)
   * @param floatInputs operators whose inputs stay floats, unless a convolution writes them; AIMET
   *     knows none
   */
  public record Deviations(
      boolean integerBias,
      boolean quantizeBounds,
      boolean tieQuantizers,
      boolean keepGrids,
      List<String> floatInputs) {
    /** Where the section is silent. */
    public static final Deviations DEFAULT = new Deviations(true, true, true, false, List.of());

    /** Copies the list. */
    public Deviations {
      floatInputs = List.copyOf(floatInputs);
    }
  }

  private static <T> Map<String, T> ordered(Map<String, T> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }
}
