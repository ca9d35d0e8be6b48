package io.qalibre.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.qalibre.config.RuntimeConfig.Constraint;
import io.qalibre.config.RuntimeConfig.Format;
import io.qalibre.config.RuntimeConfig.Kernel;
import io.qalibre.config.RuntimeConfig.OpType;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuntimeConfig_parse_Test {
  private static final String VALID =
      """
      {"defaults": {"ops": {"is_output_quantized": "True", "is_symmetric": "False"},
                    "params": {"is_quantized": "True", "is_symmetric": "True"},
                    "strict_symmetric": "True", "unsigned_symmetric": "False",
                    "per_channel_quantization": "True", "hw_version": "V73",
                    "supported_kernels": [{"activation": {"bitwidth": 16, "dtype": "int"},
                                           "param": {"bitwidth": 8, "dtype": "int"}}]},
       "params": {"bias": {"is_quantized": "False"}},
       "op_type": {"Conv": {"is_input_quantized": "True", "is_output_quantized": "False",
                            "is_symmetric": "True", "params": {"weight": {"is_symmetric": "False"}},
                            "per_channel_quantization": "False",
                            "encoding_constraints": {"min": -1.5, "max": 1}},
                   "ChannelShuffle": {"is_output_quantized": "False"}},
       "supergroups": [{"op_list": ["Conv", "Relu"]}],
       "supergroup_pass_list": ["MatmulAdd"],
       "model_input": {"is_input_quantized": "True"},
       "model_output": {},
       "qalibre": {"fuse_depthwise": "True"}}
      """;

  @Test
  void reads_every_section() {
    RuntimeConfig config = RuntimeConfig.parse("my.json", VALID);

    assertThat(config.name()).isEqualTo("my.json");
    assertThat(config.defaults().ops()).isEqualTo(new RuntimeConfig.Setting(true, false));
    assertThat(config.defaults().params()).isEqualTo(new RuntimeConfig.Setting(true, true));
    assertThat(config.defaults().grids()).isEqualTo(new RuntimeConfig.Grids(true, false));
    assertThat(config.defaults().perChannel()).isTrue();
    assertThat(config.defaults().target())
        .isEqualTo(
            new RuntimeConfig.Target(
                "V73", List.of(new Kernel(new Format(16, "int"), new Format(8, "int")))));
    OpType conv = Objects.requireNonNull(config.overrides().opTypes().get("Conv"));
    assertThat(conv.tensors()).isEqualTo(new RuntimeConfig.Tensors(true, false, true));
    assertThat(conv.params()).containsEntry("weight", new RuntimeConfig.Setting(null, false));
    assertThat(conv.perChannel()).isFalse();
    assertThat(conv.constraint()).isEqualTo(new Constraint(-1.5, 1.0));
    assertThat(config.overrides().opTypes()).containsKey("ChannelShuffle");
    assertThat(config.fusion())
        .isEqualTo(
            new RuntimeConfig.Fusion(
                List.of(List.of("Conv", "Relu")), List.of("MatmulAdd"), true, false, false));
    assertThat(config.overrides().boundary()).isEqualTo(new RuntimeConfig.Boundary(true, false));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          int8        |     | 16
          per_channel |     | 5
          per_tensor  |     | 5
          htp_v66     | V66 | 3
          htp_v68     | V68 | 3
          htp_v69     | V69 | 3
          htp_v73     | V73 | 14
          htp_v75     | V75 | 14
          htp_v79     | V79 | 14
          htp_v81     | V81 | 14
          htp_v85     | V85 | 14
          """)
  void built_in_configs_are_valid(String name, String hardware, int supergroups) {
    RuntimeConfig config = RuntimeConfig.builtIn(name);

    assertThat(config.name()).isEqualTo(name);
    assertThat(config.defaults().target().hwVersion()).isEqualTo(hardware);
    assertThat(config.fusion().supergroups()).hasSize(supergroups);
    assertThat(config.integerBias()).isEqualTo(name.equals("int8"));
  }

  @Test
  void without_its_own_section_a_config_is_as_aimets() {
    RuntimeConfig config = RuntimeConfig.builtIn("per_tensor");

    assertThat(config.deviations()).isEqualTo(RuntimeConfig.Deviations.NONE);
    assertThat(config.deviations().quantizeBounds()).isTrue();
    assertThat(config.deviations().tieQuantizers()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "is_output_quantized": "False" | "is_output_quantised": "False" | $.op_type.Conv.is_output_quantised | unknown key `is_output_quantised`; did you mean `is_output_quantized`
          "model_input": | "model_inputs": | $.model_inputs | did you mean `model_input`
          "strict_symmetric" | "strict_symetric" | $.defaults.strict_symetric | did you mean `strict_symmetric`
          "bias": | "bais": | $.params.bais | did you mean `bias`
          "fuse_depthwise" | "fuse_depth_wise" | $.qalibre.fuse_depth_wise | did you mean `fuse_depthwise`
          "op_list" | "ops" | $.supergroups[0].ops | unknown key `ops`
          "MatmulAdd" | "MatMulAdd" | $.supergroup_pass_list[0] | did you mean `MatmulAdd`
          "strict_symmetric": "True" | "strict_symmetric": true | $.defaults.strict_symmetric | expected the text "True" or "False", found true
          "strict_symmetric": "True" | "strict_symmetric": "yes" | $.defaults.strict_symmetric | found "yes"
          "is_input_quantized": "True", | "is_input_quantized": "False", | $.op_type.Conv.is_input_quantized | expected "True", or the key left out, found "False"
          "is_output_quantized": "True" | "is_output_quantized": "False" | $.defaults.ops.is_output_quantized | expected "True"
          "is_output_quantized": "True" | "is_input_quantized": "True" | $.defaults.ops.is_input_quantized | not supported
          ["Conv", "Relu"] | ["Conv"] | $.supergroups[0].op_list | expected two or more operators, found ["Conv"]
          ["Conv", "Relu"] | ["Conv", 3] | $.supergroups[0].op_list[1] | expected a text, found 3
          ["Conv", "Relu"] | "Conv" | $.supergroups[0].op_list | expected a list […], found "Conv"
          "model_output": {} | "model_output": [] | $.model_output | expected an object {…}, found []
          "bitwidth": 16 | "bitwidth": 7 | $.defaults.supported_kernels[0].activation.bitwidth | expected a bitwidth of [4, 8, 16, 32] for int, found 7
          "bitwidth": 8, "dtype": "int" | "bitwidth": 8, "dtype": "float" | $.defaults.supported_kernels[0].param.bitwidth | expected a bitwidth of [16, 32] for float, found 8
          "bitwidth": 8, "dtype": "int" | "bitwidth": 8, "dtype": "in" | $.defaults.supported_kernels[0].param.dtype | did you mean `int`
          "min": -1.5 | "min": "low" | $.op_type.Conv.encoding_constraints.min | expected a number, found "low"
          "min": -1.5 | "min": 2 | $.op_type.Conv.encoding_constraints | the minimum below the maximum
          "hw_version": "V73" | "hw_version": 73 | $.defaults.hw_version | expected a text, found 73
          "model_output": {} | "model_output": {}, "params": {} | $ | Duplicate field 'params'
          """)
  void a_wrong_config_names_the_place(String from, String to, String path, String message) {
    assertThat(VALID).contains(from);

    ConfigException error = parse(VALID.replaceFirst(java.util.regex.Pattern.quote(from), to));

    assertThat(error.path()).isEqualTo(path);
    assertThat(error)
        .hasMessageStartingWith("config `my.json` at " + path + ": ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"defaults", "params", "op_type", "supergroups", "model_input", "model_output"})
  void a_missing_section_is_named(String section) {
    String without = RuntimeConfig_parse_Test.without(section);

    ConfigException error = parse(without);

    assertThat(error.path()).isEqualTo("$." + section);
    assertThat(error).hasMessageContaining("expected the key `" + section + "`");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                  | found an empty file
          '  '                | found an empty file
          '{"defaults": '     | not JSON
          '{} {}'             | not JSON
          '[]'                | expected an object {…}, found []
          """)
  void what_is_no_json_object_is_an_error(String json, String message) {
    assertThat(parse(json)).hasMessageContaining(message).extracting("path").isEqualTo("$");
  }

  private static String without(String section) {
    List<String> sections =
        List.of("defaults", "params", "op_type", "supergroups", "model_input", "model_output");
    return sections.stream()
        .filter(s -> !s.equals(section))
        .map(s -> "\"" + s + "\": " + (s.equals("supergroups") ? "[]" : "{}"))
        .collect(java.util.stream.Collectors.joining(", ", "{", "}"));
  }

  private static ConfigException parse(String json) {
    return catchThrowableOfType(ConfigException.class, () -> RuntimeConfig.parse("my.json", json));
  }
}
