package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.engine.Calibrator;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class EncodingsReader_read_Test {
  @TempDir Path dir;
  private Path file;
  private final Graph placed = SmallNet.placed(true, Symmetry.ASYMMETRIC);

  @BeforeEach
  void nameFile() {
    file = dir.resolve("net.encodings");
  }

  @ParameterizedTest
  @EnumSource(Symmetry.class)
  void reads_what_was_exported(Symmetry symmetry) {
    Graph graph = SmallNet.placed(true, symmetry);
    Simulation simulation = Calibrator.calibrate(graph, SmallNet.samples(2)).simulation();
    Path exported = Exporter.export(simulation, dir, "net").encodings().path();

    Map<String, TensorEncoding> read = EncodingsReader.read(exported, graph).encodings();

    assertThat(read).isEqualTo(simulation.encodings());
  }

  @Test
  void lists_what_is_missing_left_over_and_different() throws IOException {
    String text = EncodingsWriter.write(SmallNet.simulation(), ExportOptions.DEFAULT);
    Files.writeString(
        file,
        text.replace("\"name\": \"relu\"", "\"name\": \"rellu\"")
            .replaceFirst("\"bw\": 8", "\"bw\": 16"));

    assertThatThrownBy(() -> EncodingsReader.read(file, placed))
        .isInstanceOf(EncodingsFormatException.class)
        .hasMessage(
            file
                + """
                : does not go with the quantizers of small:
                  `input` (activation_encodings[0]): bitwidth: expected 8, found 16
                  missing: `relu` among the activation_encodings
                  left over: `rellu` (activation_encodings[1]) has no quantizer of that kind""");
  }

  @Test
  void a_disabled_quantizer_and_another_number_of_channels_are_told() throws IOException {
    Graph perTensor = SmallNet.placed(false, Symmetry.ASYMMETRIC);
    Simulation simulation = Calibrator.calibrate(perTensor, SmallNet.samples(1)).simulation();
    String text = EncodingsWriter.write(simulation, ExportOptions.DEFAULT);
    Files.writeString(file, text.replace("\"name\": \"add\"", "\"name\": \"pool\""));

    assertThatThrownBy(() -> EncodingsReader.read(file, placed))
        .hasMessageContaining(
            "`c1.weight` (param_encodings[0]): number of channels: expected 16, found 1")
        .hasMessageContaining("left over: `pool` (activation_encodings[3]) has a quantizer that is")
        .hasMessageContaining("missing: `add`");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "version": "1.0.0"  | "version": "0.6.1"    | version: expected 1.0.0, the only version read yet, found "0.6.1"
          "is_sym": false     | "is_sym": "False"     | activation_encodings[0].is_sym: expected true or false, found "False"
          "bw": 8             | "bw": 64              | activation_encodings[0].bw: expected 2 to 32 bits, found 64
          "PER_CHANNEL"       | "LPBQ"                | param_encodings[0].enc_type: expected PER_TENSOR or PER_CHANNEL, found "LPBQ"
          "dtype": "INT"      | "dtype": "FLOAT"      | activation_encodings[0].dtype: expected INT, found "FLOAT"
          "name": "relu"      | "name": "input"       | activation_encodings[1].name: expected a tensor not listed before, found "input"
          "name": "relu"      | "label": "relu"       | activation_encodings[1].name: expected a tensor's name, found nothing
          -128.0,             | -128.5,               | param_encodings[0].offset[0]: expected a whole number, found -128.5
          -128.0,             | ''                    | param_encodings[0]: expected as many offsets as scales, found 15 and 16
          "param_encodings":  | "parameters":         | param_encodings: expected a list, found nothing
          "is_sym": false,    | "is_sym": false       | line 8, column 13: not JSON
          "bw": 8,            | "bw": 8, "bw": 8,     | line 4, column 26: not JSON: Duplicate field 'bw'
          """)
  void a_malformed_file_names_the_place(String from, String to, String message) throws IOException {
    String text = EncodingsWriter.write(SmallNet.simulation(), ExportOptions.DEFAULT);
    assertThat(text).contains(from);
    int at = text.indexOf(from);
    Files.writeString(file, text.substring(0, at) + to + text.substring(at + from.length()));

    assertThatThrownBy(() -> EncodingsReader.read(file, placed))
        .isInstanceOf(EncodingsFormatException.class)
        .hasMessageStartingWith(file + ": " + message);
  }

  @Test
  void a_file_that_is_not_there_is_told() {
    assertThatThrownBy(() -> EncodingsReader.read(file, placed))
        .hasMessage(file + ": expected an encodings file, found nothing there");
    assertThatThrownBy(() -> EncodingsReader.read(dir, placed))
        .hasMessage(dir + ": expected an encodings file, found a folder");
  }

  @Test
  void offsets_that_make_no_grid_are_told() throws IOException {
    String text = EncodingsWriter.write(SmallNet.simulation(), ExportOptions.DEFAULT);
    Files.writeString(file, text.replaceFirst("-128.0", "3.0"));

    assertThatThrownBy(() -> EncodingsReader.read(file, placed))
        .hasMessageContaining("`c1.weight` (param_encodings[0]): offset is")
        .hasMessageContaining("found 3");
  }
}
