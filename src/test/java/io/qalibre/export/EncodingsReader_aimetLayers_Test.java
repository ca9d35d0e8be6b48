package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Symmetry;
import io.qalibre.testing.GoldenEncodings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** AIMET's files of all kinds of grids reconfigure a simulation and come back to the letter. */
class EncodingsReader_aimetLayers_Test {
  /** Version 2.0.0 does not say of an activation that it is symmetric. */
  private static final Map<String, Symmetry> SYMMETRIES =
      Map.of(
          "strict", Symmetry.STRICT, "unsigned", Symmetry.UNSIGNED, "symact", Symmetry.SYMMETRIC);

  @TempDir Path dir;

  static Stream<Arguments> files() {
    return GoldenEncodings.layers().entrySet().stream()
        .map(file -> Arguments.of(file.getKey(), file.getValue()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void comes_back_to_the_letter(String name, String text) throws IOException {
    Path file = Files.writeString(dir.resolve("net.encodings"), text);

    Simulation read = EncodingsReader.read(file, placed(name), EncodingsFit.RECONFIGURE);
    String written = EncodingsWriter.write(read, options(name));

    assertThat(entries(written)).isEqualTo(entries(text));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void fits_the_quantizers_it_made(String name, String text) throws IOException {
    Path file = Files.writeString(dir.resolve("net.encodings"), text);
    Simulation read = EncodingsReader.read(file, placed(name), EncodingsFit.RECONFIGURE);

    Simulation again = EncodingsReader.read(file, read.graph());

    assertThat(again).isEqualTo(read);
  }

  private static Graph placed(String name) {
    String quantizers = name.substring(0, name.indexOf('.'));
    return EncodedLayers.placed(
        SYMMETRIES.getOrDefault(quantizers, Symmetry.ASYMMETRIC), !quantizers.contains("asym"));
  }

  private static ExportOptions options(String name) {
    Map<String, ActivationCodes> codes =
        Map.of("signed", ActivationCodes.SIGNED, "as_is", ActivationCodes.BY_SYMMETRY);
    String option = name.split("\\.")[1];
    EncodingsVersion version =
        Arrays.stream(EncodingsVersion.values())
            .filter(v -> name.endsWith("v" + v.label()))
            .findFirst()
            .orElseThrow();
    return new ExportOptions(
        version,
        option.equals("bias") ? Boolean.TRUE : null,
        codes.getOrDefault(option, ActivationCodes.UNSIGNED),
        QdqForm.UNSIGNED);
  }

  /** All but who wrote it, what its simulation was made with at first, and the sign of zeros. */
  private static String entries(String text) {
    return text.replaceAll("\"(producer|quantizer_args)\": \\{[^}]*\\}", "$1")
        .replaceAll("-0\\.0\\b", "0.0");
  }
}
