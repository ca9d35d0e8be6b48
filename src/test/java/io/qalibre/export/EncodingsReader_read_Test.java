package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.Calibrator;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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
                  `input` (activation_encodings[0]): type: expected int8, found int16
                  missing: `relu` among the activation_encodings
                  left over: `rellu` (activation_encodings[1]) is no tensor of the network; did you mean `relu`?""");
  }

  @Test
  void a_disabled_quantizer_and_another_number_of_channels_are_told() throws IOException {
    Graph perTensor = SmallNet.placed(false, Symmetry.ASYMMETRIC);
    Simulation simulation = Calibrator.calibrate(perTensor, SmallNet.samples(1)).simulation();
    String text = EncodingsWriter.write(simulation, ExportOptions.DEFAULT);
    Files.writeString(file, text.replace("\"name\": \"add\"", "\"name\": \"pool\""));

    assertThatThrownBy(() -> EncodingsReader.read(file, placed))
        .hasMessageContaining(
            "`c1.weight` (param_encodings[0]): grids: expected 16 channels on axis 0, found per tensor")
        .hasMessageContaining(
            "left over: `pool` (activation_encodings[3]) has no quantizer of that kind that is")
        .hasMessageContaining("missing: `add`");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "version": "1.0.0"  | "version": "0.6.2"    | version: expected one of 0.6.1, 1.0.0, 2.0.0, found "0.6.2"
          "version": "1.0.0"  | "version": "0.6.1"    | activation_encodings: expected an object, found [
          "is_sym": false     | "is_sym": "False"     | activation_encodings[0].is_sym: expected true or false, found "False"
          "bw": 8             | "bw": 64              | activation_encodings[0].bw: expected 2 to 32 bits, found 64
          "PER_CHANNEL"       | "LPBQ"                | param_encodings[0].compressed_bw: expected 2 to 7 bits, found nothing
          "PER_CHANNEL"       | "PER_ROW"             | param_encodings[0].enc_type: expected PER_TENSOR or PER_CHANNEL or PER_BLOCK or LPBQ, found "PER_ROW"
          "dtype": "INT"      | "dtype": "FLOAT"      | activation_encodings[0].bw: expected 16 to 16 bits, found 8
          "name": "relu"      | "name": "input"       | activation_encodings[1].name: expected a tensor not listed before, found "input"
          "name": "relu"      | "nam": "relu"         | activation_encodings[1].name: expected a tensor's name, found nothing
          "is_sym": false     | "is_sym": false, "is_symm": 1 | activation_encodings[0]: unknown key `is_symm`; did you mean `is_sym`
          -128.0,             | -128.5,               | param_encodings[0].offset[0]: expected a whole number, found -128.5
          -128.0,             | ''                    | param_encodings[0]: expected as many offsets as scales, found 15 and 16
          "param_encodings":  | "parm_encodings":     | unknown key `parm_encodings`; did you mean `param_encodings`
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
    Files.writeString(
        file, text.replaceFirst("-128.0", "3.0").replaceFirst("-\\d+\\.0(?=\\s*])", "-300.0"));

    assertThatThrownBy(() -> EncodingsReader.read(file, placed))
        .hasMessageContaining(
            "`c1.weight` (param_encodings[0]): offsets: expected those of a grid that is symmetric,"
                + " found [3, -128]")
        .hasMessageContaining("`input` (activation_encodings[0]): offset is")
        .hasMessageContaining("found -300");
  }

  @Test
  void entries_that_follow_from_others_have_to_be_as_they_follow() throws IOException {
    Simulation simulation = SmallNet.simulation();
    ExportOptions options = ExportOptions.DEFAULT.withEncodings(EncodingsVersion.V2_0_0);
    String text = EncodingsWriter.write(simulation, options);
    String scale = PythonJson.number(simulation.encoding("relu").first().scale());
    int last = text.lastIndexOf(scale);
    String bias = "\"name\": \"c1.bias\",\n            \"output_dtype\": \"int";

    Files.writeString(
        file,
        (text.substring(0, last) + "0.5" + text.substring(last + scale.length()))
            .replace(bias + "32", bias + "16"));

    assertThat(text).contains(bias + "32");
    assertThatThrownBy(() -> EncodingsReader.read(file, placed))
        .hasMessageContaining("left over: `c1.bias` (encodings[1]) has scale")
        .hasMessageContaining("offset -32768 of 16 bits, but scale")
        .hasMessageContaining("left over: `pool` (encodings[")
        .hasMessageContaining("has scale 0.5, offset 0 of 8 bits, but scale " + scale)
        .hasMessageContaining("follow from the encodings around it");
  }

  @Test
  void quantizers_without_entry_are_switched_off_where_asked() throws IOException {
    String text = EncodingsWriter.write(SmallNet.simulation(), ExportOptions.DEFAULT);
    int start = text.indexOf("{", text.indexOf("activation_encodings"));
    int end = text.indexOf("{", start + 1);
    Files.writeString(file, text.substring(0, start) + text.substring(end));

    Simulation read = EncodingsReader.read(file, placed, EncodingsFit.DISABLE_MISSING);

    QuantizerNode input = read.graph().quantizers().get(0);
    assertThat(input.tensor()).isEqualTo("input");
    assertThat(input.enabled()).isFalse();
    assertThat(input.placement().rule()).isEqualTo("encodings file");
    assertThat(read.encodings()).doesNotContainKey("input").containsKey("relu");
  }

  @Test
  void what_differs_is_refused_where_only_missing_ones_are_switched_off() throws IOException {
    String text = EncodingsWriter.write(SmallNet.simulation(), ExportOptions.DEFAULT);
    Files.writeString(file, text.replaceFirst("\"bw\": 8", "\"bw\": 16"));

    assertThatThrownBy(() -> EncodingsReader.read(file, placed, EncodingsFit.DISABLE_MISSING))
        .isInstanceOf(EncodingsFormatException.class)
        .hasMessageContaining(
            "`input` (activation_encodings[0]): type: expected int8, found int16");
  }
}
