package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.graph.onnx.WeightStorage;
import io.qalibre.graph.op.UnsupportedOperatorException;
import io.qalibre.models.MnistNet;
import io.qalibre.testing.Net;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Qalibre_load_Test {
  @TempDir private Path folder;

  private Path written(Graph graph) {
    Path file = folder.resolve("net.onnx");
    OnnxWriter.write(graph, file);
    return file;
  }

  @Test
  void a_file_becomes_a_network() {
    Graph graph = Net.input(2).linear("y", "x", 3, 2).build("y");
    Path file = written(graph);

    Network net = Qalibre.load(file.toString());

    assertThat(net.history().stringColumn("result").asList()).containsExactly("net.onnx");
    assertThat(net.graph().initializers()).isEqualTo(graph.initializers());
    assertThat(Qalibre.load(file).summary().rowCount()).isEqualTo(1);
  }

  @Test
  void a_graph_becomes_a_network_that_is_saved_and_loaded() {
    Network net = Qalibre.of(MnistNet.graph(1));
    Path file = folder.resolve("sub/net.onnx");
    Path half = folder.resolve("sub/half.onnx");

    net.save(file);
    net.save(half, WeightStorage.FLOAT16);

    assertThat(Qalibre.load(file).graph().initializers()).isEqualTo(net.graph().initializers());
    assertThat(Qalibre.load(half).graph().nodes()).isEqualTo(net.graph().nodes());
    assertThat(half.toFile().length()).isLessThan((long) (0.55 * file.toFile().length()));
    assertThat(net.history().stringColumn("result").asList()).containsExactly("built as a graph");
  }

  @Test
  void a_graph_of_unsupported_operators_is_an_error() {
    Graph graph = Net.input(2).op("y", "Foo", List.of("x")).unchecked("y");

    assertThatThrownBy(() -> Qalibre.of(graph))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageContaining("Foo (node `y`)");
  }

  @Test
  void a_file_that_is_not_there_is_named() {
    assertThatThrownBy(() -> Qalibre.load(folder.resolve("none.onnx")))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("none.onnx")
        .hasMessageContaining("found nothing there");
    assertThatThrownBy(() -> Qalibre.load("no/such/none.onnx"))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no/such/none.onnx");
  }

  @Test
  void a_file_that_is_no_network_is_told() throws IOException {
    Path text = Files.writeString(folder.resolve("notes.onnx"), "hello, world");

    assertThatThrownBy(() -> Qalibre.load(text))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("notes.onnx");
    assertThatThrownBy(() -> Qalibre.load(folder)).isInstanceOf(QalibreException.class);
  }

  @Test
  void unsupported_operators_are_listed() {
    Path file =
        written(
            Net.input(2)
                .op("n", "NonMaxSuppression", List.of("x"))
                .op("s", "StringNormalizer", List.of("n"))
                .unchecked("s"));

    assertThatThrownBy(() -> Qalibre.load(file))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageContaining("NonMaxSuppression (node `n`)")
        .hasMessageContaining("StringNormalizer (node `s`)");
  }

  @Test
  void shapes_that_do_not_go_together_are_found_at_once() {
    Path file = written(Net.input(4).linear("y", "x", 3, 2).unchecked("y"));

    assertThatThrownBy(() -> Qalibre.load(file))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("Gemm `y`: inner sizes differ");
  }

  @Test
  void a_device_that_is_not_there_is_told() {
    assertThatThrownBy(() -> Qalibre.device("tpu"))
        .isInstanceOf(QalibreException.class)
        .hasMessage("no device `tpu`; expected `cpu`, `gpu0`, `gpu1` …");
    assertThatThrownBy(() -> Qalibre.device("gpu99"))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no device `gpu99`");
    Qalibre.device("cpu");
  }
}
