package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.data.Samples;
import io.qalibre.export.EncodingsFit;
import io.qalibre.export.EncodingsFormatException;
import io.qalibre.export.EncodingsVersion;
import io.qalibre.export.ExportOptions;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizationSimModel_loadEncodings_Test {
  private static final Map<String, Tensor> INPUT = Map.of("x", Net.data(5, 4, 3, 8, 8));

  private final Network network =
      Qalibre.of(
          Net.input(3, 8, 8)
              .conv("c", "x", 8, 3, 3, 3)
              .op("r", "Relu", List.of("c"))
              .op("g", "GlobalAveragePool", List.of("r"))
              .op("f", "Flatten", List.of("g"))
              .linear("y", "f", 5, 8)
              .build("y"));
  private final QuantizationSimModel sim = network.simulate(QuantConfig.perChannel());
  private final QuantizedNetwork quantized = sim.computeEncodings(Samples.of(List.of(INPUT)));

  @TempDir Path dir;

  @ParameterizedTest
  @EnumSource(EncodingsVersion.class)
  void what_was_exported_computes_the_same_again(EncodingsVersion version) {
    Path file = exported(version);

    QuantizedNetwork loaded = sim.loadEncodings(file);

    assertThat(loaded.run(INPUT)).isEqualTo(quantized.run(INPUT));
    assertThat(loaded.simulation().encodings()).isEqualTo(quantized.simulation().encodings());
  }

  @ParameterizedTest
  @EnumSource(EncodingsVersion.class)
  void a_file_of_other_quantizers_is_refused_or_decides(EncodingsVersion version) {
    Path file = exported(version);
    QuantizationSimModel other = network.simulate(QuantConfig.perTensor());

    assertThatThrownBy(() -> other.loadEncodings(file))
        .isInstanceOf(EncodingsFormatException.class)
        .hasMessageContaining("`c.weight`")
        .hasMessageContaining("expected per tensor, found 8 ");
    QuantizedNetwork loaded = other.loadEncodings(file, EncodingsFit.RECONFIGURE);
    assertThat(loaded.run(INPUT)).isEqualTo(quantized.run(INPUT));
  }

  @Test
  void other_bits_are_taken_over() {
    Path file = exported(EncodingsVersion.V1_0_0);
    QuantizationSimModel other =
        network.simulate(QuantConfig.perChannel().withWeightBits(4).withActivationBits(16));

    QuantizedNetwork loaded = other.loadEncodings(file, EncodingsFit.RECONFIGURE);

    assertThat(loaded.simulation().graph().quantizers())
        .filteredOn(QuantizerNode::enabled)
        .allMatch(node -> node.spec().bitwidth() == 8);
    assertThat(loaded.steps().stringColumn(0).asList()).contains("loadEncodings");
  }

  private Path exported(EncodingsVersion version) {
    ExportOptions options = ExportOptions.DEFAULT.withEncodings(version);
    return quantized.export(dir, "net", options).encodings().path();
  }
}
