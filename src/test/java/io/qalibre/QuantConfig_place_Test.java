package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.ConfigException;
import io.qalibre.config.SmallGraphs;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Bounds;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.Symmetry;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantConfig_place_Test {
  private static final Graph NETWORK = SmallGraphs.network();

  private static List<String> enabled(QuantConfig config) {
    return config.place(NETWORK).quantizers().stream()
        .filter(QuantizerNode::enabled)
        .map(QuantizerNode::tensor)
        .toList();
  }

  private static QuantizerNode quantizer(QuantConfig config, String tensor) {
    return config.place(NETWORK).quantizers().stream()
        .filter(q -> q.tensor().equals(tensor))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          relu1      | relu1
          conv1      | conv1.weight
          fc         | fc.weight, output
          Conv       | conv1.weight, dw.weight
          relu*      | relu1, relu2
          *.weight   | conv1.weight, dw.weight, fc.weight
          weight     | conv1.weight, dw.weight, fc.weight
          activation | input, relu1, clip, shift, relu2, gap, output
          input      | input
          Conv[0]    | conv1.weight
          Conv[-1]   | dw.weight
          Relu[1]    | relu2
          Add[0]     | shift
          input[0]   | input
          *          | input, conv1.weight, relu1, dw.weight, clip, shift, relu2, gap, fc.weight, output
          bias       |
          """)
  void disable_switches_off_what_the_pattern_names(String pattern, String disabled) {
    List<String> expected = new java.util.ArrayList<>(enabled(QuantConfig.int8()));
    if (disabled != null) {
      expected.removeAll(List.of(disabled.split(", ")));
    }

    assertThat(enabled(QuantConfig.int8().disable(pattern))).isEqualTo(expected);
  }

  @Test
  void a_users_rule_is_named() {
    assertThat(quantizer(QuantConfig.int8().disable("fc"), "output").placement().rule())
        .isEqualTo("user: disable fc");
    assertThat(quantizer(QuantConfig.int8().withBits("fc", 4), "fc.weight").placement().rule())
        .isEqualTo("defaults.params; user: 4 bits fc");
  }

  @Test
  void bits_and_symmetry_are_set_and_later_edits_win() {
    QuantConfig config =
        QuantConfig.int8()
            .withWeightBits(4)
            .withActivationBits(16)
            .withBits("conv1.*", 6)
            .withBits("conv1.weight", 8)
            .withSymmetric("relu1", true);

    assertThat(quantizer(config, "dw.weight").spec().bitwidth()).isEqualTo(4);
    assertThat(quantizer(config, "conv1.weight").spec().bitwidth()).isEqualTo(8);
    assertThat(quantizer(config, "conv1.bias").spec().bitwidth()).isEqualTo(6);
    assertThat(quantizer(config, "relu1").spec().bitwidth()).isEqualTo(16);
    assertThat(quantizer(config, "relu1").spec().symmetry()).isEqualTo(Symmetry.SYMMETRIC);
    assertThat(quantizer(config, "relu2").spec().symmetry()).isEqualTo(Symmetry.ASYMMETRIC);
  }

  @Test
  void weights_may_have_one_grid_for_each_tensor() {
    QuantConfig config = QuantConfig.int8().withPerTensor("conv1.weight");

    assertThat(quantizer(config, "conv1.weight").spec().granularity())
        .isEqualTo(Granularity.PER_TENSOR);
    assertThat(quantizer(config, "conv1.weight").placement().rule())
        .endsWith("user: per tensor conv1.weight");
    assertThat(quantizer(config, "dw.weight").spec().granularity())
        .isEqualTo(Granularity.ofAxis(0));
  }

  @Test
  void a_pattern_that_matches_nothing_names_the_nearest() {
    assertThatThrownBy(() -> QuantConfig.int8().disable("conv1.wieght").place(NETWORK))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageStartingWith("no quantizer `conv1.wieght` in small; did you mean")
        .hasMessageContaining("`conv1.weight`");
  }

  @Test
  void a_place_that_does_not_exist_names_the_last_one() {
    assertThatThrownBy(() -> QuantConfig.int8().disable("Conv[2]").place(NETWORK))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("`Conv[2]`")
        .hasMessageContaining("`Conv[1]`");
    assertThatThrownBy(() -> QuantConfig.int8().disable("Conv[-3]").place(NETWORK))
        .isInstanceOf(UnknownNameException.class);
    assertThatThrownBy(() -> QuantConfig.int8().disable("Conv[99999999999]").place(NETWORK))
        .isInstanceOf(UnknownNameException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"v66", "v68", "v69", "v73", "v75", "v79", "v81", "v85", "V73"})
  void htp_is_built_in_for_each_version(String version) {
    QuantConfig config = QuantConfig.htp(version);

    assertThat(config.config().name()).isEqualTo("htp_" + version.toLowerCase(Locale.ROOT));
    assertThat(enabled(config)).contains("input", "conv1.weight", "relu1", "output", "six");
    assertThat(quantizer(config, "relu1").spec().bounds()).isEqualTo(new Bounds(0.0, null));
    assertThat(quantizer(config, "conv1.weight").spec().perChannel())
        .isEqualTo(!version.equals("v66"));
    assertThat(quantizer(config, "fc.weight").spec().perChannel())
        .isEqualTo(!version.equals("v66") && !version.equals("v68"));
  }

  @Test
  void later_processors_fuse_what_earlier_ones_do_not() {
    assertThat(enabled(QuantConfig.htp("v69"))).contains("conv1", "dw");
    assertThat(enabled(QuantConfig.htp("v73"))).doesNotContain("conv1").contains("dw");
  }

  @Test
  void an_unknown_version_names_the_nearest() {
    assertThatThrownBy(() -> QuantConfig.htp("v72"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("`htp_v72`")
        .hasMessageContaining("`htp_v73`");
  }

  @Test
  void float16_schemes_and_rounding_are_set() {
    QuantConfig config =
        QuantConfig.int8()
            .withSchemes(QuantScheme.TF_ENHANCED, QuantScheme.percentile(99))
            .withScheme("relu1", QuantScheme.MIN_MAX)
            .withFloat16("gap")
            .withRounding(Rounding.HALF_AWAY);

    assertThat(quantizer(config, "dw.weight").spec().scheme()).isEqualTo(QuantScheme.TF_ENHANCED);
    assertThat(quantizer(config, "relu2").spec().scheme()).isEqualTo(QuantScheme.percentile(99));
    assertThat(quantizer(config, "relu1").spec().scheme()).isEqualTo(QuantScheme.MIN_MAX);
    assertThat(quantizer(config, "gap").spec().format()).isEqualTo(NumberFormat.FLOAT16);
    assertThat(quantizer(config, "relu1").spec().format())
        .isEqualTo(NumberFormat.integer(8).withRounding(Rounding.HALF_AWAY));
    assertThat(quantizer(config.withBits("gap", 8), "gap").spec().format().floating()).isFalse();
    assertThat(quantizer(config, "gap").placement().rule())
        .isEqualTo("defaults.ops; user: float16 gap");
    assertThat(config.toString())
        .isEqualTo(
            "int8: weights 8 bits tf_enhanced, activations 8 bits "
                + QuantScheme.percentile(99)
                + "; half_away; min_max relu1; float16 gap");
  }

  @Test
  void blocks_lie_along_the_input_channels() {
    QuantConfig config =
        QuantConfig.perTensor().withBlockwise("conv1", 4, 3).withLpbq("Gemm", 4, 8, 2);

    QuantizerSpec conv = quantizer(config, "conv1.weight").spec();
    assertThat(conv.granularity()).isEqualTo(new Granularity.PerBlock(0, 1, 3, 0));
    assertThat(conv.bitwidth()).isEqualTo(4);
    assertThat(quantizer(config, "conv1.bias").spec().bitwidth()).isEqualTo(8);
    assertThat(quantizer(config, "fc.weight").spec().granularity())
        .isEqualTo(new Granularity.PerBlock(0, 1, 2, 4));
    assertThat(quantizer(config, "fc.weight").placement().rule())
        .isEqualTo("defaults.params; user: 4 to 8 bits in blocks of 2 Gemm");
    assertThat(quantizer(config, "conv1.weight").placement().rule())
        .isEqualTo("defaults.params; user: 4 bits in blocks of 3 conv1");
  }

  @Test
  void blocks_have_to_divide_a_weight_that_has_input_channels() {
    assertThatThrownBy(() -> QuantConfig.int8().withBlockwise("fc", 4, 3).place(NETWORK))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "blocks of weight `fc.weight`: expected a block size that divides the 4 input channels of axis 1, found 3");
    assertThatThrownBy(() -> QuantConfig.int8().withBlockwise("relu1", 4, 2).place(NETWORK))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageStartingWith("no weight of a Conv, ConvTranspose, Gemm or MatMul `relu1`");
    assertThatThrownBy(() -> QuantConfig.int8().withBlockwise("fc", 4, 0))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("block size of `fc`");
    assertThatThrownBy(() -> QuantConfig.int8().withLpbq("fc", 8, 8, 2))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("expected more than the 8 of its codes, found 8");
    assertThatThrownBy(() -> QuantConfig.int8().withLpbq("fc", 16, 33, 2))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("found 33");
    assertThatThrownBy(() -> QuantConfig.int8().withLpbq("fc", 4, 32, 2))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("up to 32 bits and at most 16 more than the codes, found 32");
    assertThatThrownBy(
            () ->
                QuantConfig.int8()
                    .withLpbq("fc", 4, 8, 2)
                    .withSymmetric("fc.weight", false)
                    .place(NETWORK))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`fc.weight`")
        .hasMessageContaining("expected symmetric grids");
  }

  @Test
  void special_characters_of_names_are_taken_as_they_are() {
    assertThatThrownBy(() -> QuantConfig.int8().disable("conv1[.]weight").place(NETWORK))
        .isInstanceOf(UnknownNameException.class);
    assertThatThrownBy(() -> QuantConfig.int8().disable("conv..weight").place(NETWORK))
        .isInstanceOf(UnknownNameException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1, 17, 31, 33})
  void bits_out_of_range_are_refused(int bits) {
    QuantConfig config = QuantConfig.int8();

    assertThatThrownBy(() -> config.withWeightBits(bits))
        .isInstanceOf(QalibreException.class)
        .hasMessage("the bitwidth of weights: expected 2 to 16 or 32 bits, found " + bits);
    assertThatThrownBy(() -> config.withActivationBits(bits)).isInstanceOf(QalibreException.class);
    assertThatThrownBy(() -> config.withBits("fc", bits))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`fc`");
    assertThatThrownBy(() -> config.disable(" ")).isInstanceOf(QalibreException.class);
  }

  @Test
  void a_missing_file_is_an_error_of_the_config() {
    assertThatThrownBy(() -> QuantConfig.load("no/such/config.json"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void it_describes_itself_in_one_line() {
    assertThat(QuantConfig.int8().withScheme(QuantScheme.MIN_MAX).withWeightBits(4).disable("fc"))
        .hasToString("int8: weights 4 bits min_max, activations 8 bits min_max; disable fc");
  }
}
