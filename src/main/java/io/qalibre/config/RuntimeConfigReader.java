package io.qalibre.config;

import io.qalibre.config.RuntimeConfig.Boundary;
import io.qalibre.config.RuntimeConfig.Constraint;
import io.qalibre.config.RuntimeConfig.Defaults;
import io.qalibre.config.RuntimeConfig.Deviations;
import io.qalibre.config.RuntimeConfig.Format;
import io.qalibre.config.RuntimeConfig.Fusion;
import io.qalibre.config.RuntimeConfig.Grids;
import io.qalibre.config.RuntimeConfig.Kernel;
import io.qalibre.config.RuntimeConfig.OpType;
import io.qalibre.config.RuntimeConfig.Overrides;
import io.qalibre.config.RuntimeConfig.Setting;
import io.qalibre.config.RuntimeConfig.Target;
import io.qalibre.config.RuntimeConfig.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns the JSON of a runtime config into a {@link RuntimeConfig}, checking all of it. */
final class RuntimeConfigReader {
  private static final List<String> SECTIONS =
      List.of("defaults", "params", "op_type", "supergroups", "model_input", "model_output");
  private static final List<String> KINDS =
      List.of("weight", "bias", "weight_r", "running_mean", "running_var");
  private static final List<String> PASSES =
      List.of("MatmulAdd", "LayerNormalization", "RMSNormalization", "MaskedSoftmax");

  private static final String FLOAT_INPUTS = "float_inputs";
  private static final String OWN_PASSES = "passes";

  /** The keys of the section {@code qalibre}. */
  private static final List<String> OWN_KEYS =
      List.of(
          "fuse_depthwise",
          "fuse_passes",
          "clip_from_zero",
          "integer_bias",
          "quantize_bounds",
          "tie_quantizers",
          "keep_grids",
          FLOAT_INPUTS,
          OWN_PASSES);

  private RuntimeConfigReader() {}

  static RuntimeConfig read(JsonSection root) {
    List<String> known = new ArrayList<>(SECTIONS);
    known.addAll(List.of("supergroup_pass_list", "qalibre"));
    root.withOnly(known);
    SECTIONS.forEach(root::require);
    return new RuntimeConfig(
        root.file(),
        defaults(root.require("defaults")),
        new Overrides(params(root.get("params")), opTypes(root.require("op_type")), boundary(root)),
        fusion(root),
        deviations(root.get("qalibre")));
  }

  private static Deviations deviations(Optional<JsonSection> section) {
    section.ifPresent(s -> s.withOnly(OWN_KEYS));
    Deviations silent = Deviations.DEFAULT;
    return new Deviations(
        flag(section, "integer_bias", silent.integerBias()),
        flag(section, "quantize_bounds", silent.quantizeBounds()),
        flag(section, "tie_quantizers", silent.tieQuantizers()),
        flag(section, "keep_grids", silent.keepGrids()),
        section
            .flatMap(s -> s.get(FLOAT_INPUTS))
            .map(types -> types.items().stream().map(JsonSection::text).toList())
            .orElse(silent.floatInputs()));
  }

  private static boolean flag(Optional<JsonSection> section, String key, boolean otherwise) {
    return section.map(s -> s.flag(key)).orElse(otherwise);
  }

  private static Defaults defaults(JsonSection section) {
    section.withOnly(
        List.of(
            "ops",
            "params",
            "strict_symmetric",
            "unsigned_symmetric",
            "per_channel_quantization",
            "hw_version",
            "supported_kernels"));
    JsonSection ops = section.require("ops");
    ops.withOnly(List.of("is_output_quantized", "is_symmetric", "is_input_quantized"));
    ops.get("is_input_quantized")
        .ifPresent(
            s -> {
              throw new ConfigException(
                  s.file(),
                  s.path(),
                  "is not supported for all operators; expected it under one of $.op_type");
            });
    return new Defaults(
        new Setting(ops.onlyTrue("is_output_quantized"), ops.flag("is_symmetric")),
        setting(section.require("params")),
        new Grids(
            section.flagOrFalse("strict_symmetric"), section.flagOrFalse("unsigned_symmetric")),
        section.flagOrFalse("per_channel_quantization"),
        new Target(
            section.get("hw_version").map(JsonSection::text).orElse(null),
            kernels(section.get("supported_kernels"))));
  }

  private static Setting setting(JsonSection section) {
    section.withOnly(List.of("is_quantized", "is_symmetric"));
    return new Setting(section.flag("is_quantized"), section.flag("is_symmetric"));
  }

  private static Map<String, Setting> params(Optional<JsonSection> section) {
    Map<String, Setting> params = new LinkedHashMap<>();
    section.ifPresent(
        s -> s.withOnly(KINDS).entries().forEach((k, v) -> params.put(k, setting(v))));
    return params;
  }

  private static Map<String, OpType> opTypes(JsonSection section) {
    Map<String, OpType> types = new LinkedHashMap<>();
    section.entries().forEach((type, settings) -> types.put(type, opType(settings)));
    return types;
  }

  private static OpType opType(JsonSection section) {
    section.withOnly(
        List.of(
            "is_input_quantized",
            "is_output_quantized",
            "is_symmetric",
            "params",
            "per_channel_quantization",
            "supported_kernels",
            "encoding_constraints"));
    return new OpType(
        new Tensors(
            section.onlyTrue("is_input_quantized"),
            section.flag("is_output_quantized"),
            section.flag("is_symmetric")),
        params(section.get("params")),
        section.flag("per_channel_quantization"),
        kernels(section.get("supported_kernels")),
        section.get("encoding_constraints").map(RuntimeConfigReader::constraint).orElse(null));
  }

  private static Constraint constraint(JsonSection section) {
    section.withOnly(List.of("min", "max"));
    @Nullable Double min = section.get("min").map(JsonSection::number).orElse(null);
    @Nullable Double max = section.get("max").map(JsonSection::number).orElse(null);
    if ((min == null && max == null) || (min != null && max != null && min >= max)) {
      throw section.expected("`min`, `max` or both, the minimum below the maximum");
    }
    return new Constraint(min, max);
  }

  private static List<Kernel> kernels(Optional<JsonSection> section) {
    return section
        .map(s -> s.items().stream().map(RuntimeConfigReader::kernel).toList())
        .orElse(List.of());
  }

  private static Kernel kernel(JsonSection section) {
    section.withOnly(List.of("activation", "param"));
    return new Kernel(
        format(section.require("activation")),
        section.get("param").map(RuntimeConfigReader::format).orElse(null));
  }

  private static Format format(JsonSection section) {
    section.withOnly(List.of("bitwidth", "dtype"));
    String dtype = section.require("dtype").oneOf(List.of("int", "float"));
    JsonSection bitwidth = section.require("bitwidth");
    List<Integer> allowed = dtype.equals("int") ? List.of(4, 8, 16, 32) : List.of(16, 32);
    if (!bitwidth.node().isInt() || !allowed.contains(bitwidth.node().intValue())) {
      throw bitwidth.expected("a bitwidth of " + allowed + " for " + dtype);
    }
    return new Format(bitwidth.node().intValue(), dtype);
  }

  private static Fusion fusion(JsonSection root) {
    List<List<String>> supergroups =
        root.require("supergroups").items().stream()
            .map(group -> chain(group.withOnly(List.of("op_list")).require("op_list")))
            .toList();
    Optional<JsonSection> own = root.get("qalibre");
    List<String> passes = new ArrayList<>(passes(root.get("supergroup_pass_list"), PASSES));
    passes.addAll(passes(own.flatMap(s -> s.get(OWN_PASSES)), List.of(DecomposedGelus.PASS)));
    return new Fusion(
        supergroups,
        passes,
        flag(own, "fuse_depthwise", false),
        flag(own, "fuse_passes", false),
        flag(own, "clip_from_zero", false));
  }

  private static List<String> passes(Optional<JsonSection> section, List<String> known) {
    return section.map(JsonSection::items).orElse(List.of()).stream()
        .map(pass -> pass.oneOf(known))
        .toList();
  }

  private static List<String> chain(JsonSection section) {
    List<JsonSection> items = section.items();
    if (items.size() < 2) {
      throw section.expected("two or more operators");
    }
    return items.stream().map(JsonSection::text).toList();
  }

  private static Boundary boundary(JsonSection root) {
    JsonSection input = root.require("model_input").withOnly(List.of("is_input_quantized"));
    JsonSection output = root.require("model_output").withOnly(List.of("is_output_quantized"));
    return new Boundary(
        input.onlyTrue("is_input_quantized") != null,
        output.onlyTrue("is_output_quantized") != null);
  }
}
