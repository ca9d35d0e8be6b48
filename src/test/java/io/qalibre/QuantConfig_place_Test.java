package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.ConfigException;
import io.qalibre.config.SmallGraphs;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.Symmetry;
import java.util.List;
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
  void a_pattern_that_matches_nothing_names_the_nearest() {
    assertThatThrownBy(() -> QuantConfig.int8().disable("conv1.wieght").place(NETWORK))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageStartingWith("no quantizer `conv1.wieght` in small; did you mean")
        .hasMessageContaining("`conv1.weight`");
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
