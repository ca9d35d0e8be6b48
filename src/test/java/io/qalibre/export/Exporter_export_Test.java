package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.onnx.OnnxReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class Exporter_export_Test {
  @TempDir Path dir;

  @Test
  void writes_three_files_and_nothing_else() throws IOException {
    Path made = dir.resolve("made/on/the/way");

    Export export = Exporter.export(SmallNet.simulation(), made, "net");

    try (Stream<Path> files = Files.list(made)) {
      assertThat(files)
          .containsExactlyInAnyOrder(
              made.resolve("net.onnx"),
              made.resolve("net.encodings"),
              made.resolve("net_qdq.onnx"));
    }
    assertThat(export.qdq().bytes()).isEqualTo(Files.size(made.resolve("net_qdq.onnx")));
    assertThat(export.table().columnNames()).containsExactly("file", "what", "KiB", "use");
    assertThat(export.table().rowCount()).isEqualTo(3);
    assertThat(export).hasToString(export.toString()).asString().contains("net.encodings (");
  }

  @Test
  void the_float_network_has_its_names_and_weights_back() {
    Simulation simulation = SmallNet.simulation();

    Export export = Exporter.export(simulation, dir, "net");

    Graph network = OnnxReader.read(export.onnx().path());
    assertThat(network.operators().stream().map(OperatorNode::output))
        .containsExactly(
            "c1_out", "relu", "pool", "dw_out", "clip", "add", "mean", "flat", "output");
    assertThat(network.operators().get(0).inputs())
        .containsExactly("input", "c1.weight", "c1.bias");
    assertThat(network.operators().get(5).inputs()).containsExactly("clip", "pool");
    assertThat(network.initializers()).isEqualTo(simulation.graph().initializers());
  }

  @Test
  void exporting_again_replaces_the_files() {
    Simulation simulation = SmallNet.simulation();
    Exporter.export(simulation, dir, "net");

    Export again = Exporter.export(IntegerBiases.round(simulation), dir, "net");

    assertThat(OnnxReader.read(again.onnx().path()).initializer("c1.bias"))
        .isNotEqualTo(simulation.graph().initializer("c1.bias"));
  }

  @ParameterizedTest
  @EnumSource(EncodingsVersion.class)
  void encodings_are_of_the_version_asked_for(EncodingsVersion version) throws IOException {
    ExportOptions options = ExportOptions.DEFAULT.withEncodings(version);

    Export export = Exporter.export(SmallNet.simulation(), dir, "net", options);

    assertThat(Files.readString(export.encodings().path()))
        .endsWith("\"version\": \"" + version.label() + "\"\n}");
    assertThat(export.encodings().what()).isEqualTo("encodings, version " + version.label());
  }

  @Test
  void files_of_weights_are_listed() {
    Export export = Exporter.export(SmallNet.simulation(), dir, "net");
    ExportedFile weights = new ExportedFile(dir.resolve("net.onnx.data"), "weights", "", 3L << 30);

    Export large =
        new Export(
            export.simulation(), export.onnx(), export.encodings(), export.qdq(), List.of(weights));

    assertThat(export.weights()).isEmpty();
    assertThat(large.files()).hasSize(4).endsWith(weights);
    assertThat(large.table().rowCount()).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a/b", "a\\b", "a\0b"})
  void a_prefix_that_is_no_file_name_is_refused(String prefix) {
    assertThatThrownBy(() -> Exporter.export(SmallNet.simulation(), dir, prefix))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("prefix: expected the beginning of a file name");
  }

  @Test
  void a_file_in_place_of_the_folder_is_refused() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    Simulation simulation = SmallNet.simulation();

    assertThatThrownBy(() -> Exporter.export(simulation, file, "net"))
        .isInstanceOf(QalibreException.class)
        .hasMessage("dir: expected a folder, found the file `" + file + "`");
    assertThatThrownBy(() -> Exporter.export(simulation, file.resolve("below"), "net"))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("cannot be made");
  }

  @Test
  void a_folder_in_place_of_a_file_is_refused() throws IOException {
    Files.createDirectory(dir.resolve("net.encodings"));

    assertThatThrownBy(() -> Exporter.export(SmallNet.simulation(), dir, "net"))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("net.encodings` cannot be written");
  }

  @Test
  void without_an_encoding_nothing_is_written() throws IOException {
    Simulation uncalibrated = new Simulation(SmallNet.simulation().graph(), Map.of());

    assertThatThrownBy(() -> Exporter.export(uncalibrated, dir, "net"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("no encoding `input` in small");
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).isEmpty();
    }
  }
}
