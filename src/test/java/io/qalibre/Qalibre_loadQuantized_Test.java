package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.QalibreException;
import io.qalibre.export.Export;
import io.qalibre.export.IntegerBiases;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.graph.op.UnsupportedOperatorException;
import io.qalibre.qat.Qat;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.Table;

class Qalibre_loadQuantized_Test {
  private static final Dataset DATA = Labelled.random(10, 16, 1, 8, 8).batch(8);
  private static final Map<String, Tensor> INPUT = Map.of("x", Net.data(5, 16, 1, 8, 8));

  @TempDir private static Path folder;
  private static QuantizedNetwork quantized;
  private static Export export;
  private static QuantizedNetwork loaded;

  @BeforeAll
  static void exportAndLoad() {
    Graph graph =
        Net.input(1, 8, 8)
            .conv("conv1", "x", 8, 1, 3, 3)
            .op("relu1", "Relu", List.of("conv1"))
            .op(
                "pool",
                "MaxPool",
                List.of("relu1"),
                "kernel_shape",
                List.of(2L, 2L),
                "strides",
                List.of(2L, 2L))
            .op("flat", "Flatten", List.of("pool"))
            .linear("y", "flat", 10, 8 * 16)
            .build("y");
    quantized = Qalibre.of(graph).simulate(QuantConfig.int8()).computeEncodings(DATA);
    export = quantized.export(folder, "net");
    loaded = Qalibre.loadQuantized(export.qdq().path());
  }

  @Test
  void an_exported_network_comes_back() {
    assertThat(loaded.run(INPUT)).isEqualTo(quantized.run(INPUT));
    assertThat(loaded.evaluate(DATA)).isEqualTo(quantized.evaluate(DATA));
    Table table = loaded.encodings();
    assertThat(table.stringColumn("tensor").asList())
        .containsExactlyInAnyOrder("x", "conv1.weight", "relu1", "y.weight", "y");
    assertThat(table.longColumn("bitwidth").asObjectArray()).containsOnly(8L);
    assertThat(loaded.encodings("conv1.weight").rowCount()).isEqualTo(8);
  }

  @Test
  void it_says_where_it_comes_from() {
    assertThat(loaded.steps().stringColumn("verb").asList()).containsExactly("loadQuantized");
    assertThat(loaded.steps().stringColumn("result").asList()).containsExactly("net_qdq.onnx");
    assertThat(Qalibre.loadQuantized(export.qdq().path().toString()).run(INPUT))
        .isEqualTo(loaded.run(INPUT));
    assertThatThrownBy(() -> loaded.histogram("x"))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("only activations whose encodings were computed from samples");
  }

  @Test
  void exported_again_its_qdq_file_computes_the_same() {
    Export again = loaded.export(folder.resolve("again"), "net");

    Graph first = OnnxReader.read(export.qdq().path());
    Graph second = OnnxReader.read(again.qdq().path());
    assertThat(second.nodes()).containsExactlyInAnyOrderElementsOf(first.nodes());
    assertThat(second.initializers()).isEqualTo(first.initializers());
    assertThat(again.verify(DATA).table().rowCount()).isPositive();
  }

  @Test
  void it_is_trained_as_it_was_quantized() {
    QuantizedNetwork tuned = loaded.train(DATA, Qat.epochs(1).learningRate(1e-3));

    assertThat(tuned.run(INPUT)).isNotEqualTo(loaded.run(INPUT));
    assertThat(tuned.steps().stringColumn("verb").asList())
        .containsExactly("loadQuantized", "train");
    // The file adds biases in int32, so that they are on their grids after training too.
    assertThat(IntegerBiases.round(tuned.simulation()).graph().initializers())
        .isEqualTo(tuned.simulation().graph().initializers());
  }

  @Test
  void files_that_hold_no_quantizers_are_refused() {
    assertThatThrownBy(() -> Qalibre.loadQuantized(export.onnx().path()))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("net.onnx: expected pairs of QuantizeLinear and DequantizeLinear")
        .hasMessageContaining("found none");
    assertThatThrownBy(() -> Qalibre.loadQuantized("no/such/net_qdq.onnx"))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no/such/net_qdq.onnx");
  }

  @Test
  void unsupported_operators_are_listed() {
    Path file = folder.resolve("unsupported.onnx");
    OnnxWriter.write(
        Net.input(2)
            .constant("s", Tensor.scalar(1))
            .op("q", "QuantizeLinear", List.of("x", "s"))
            .op("dq", "DequantizeLinear", List.of("q", "s"))
            .op("n", "TfIdfVectorizer", List.of("dq"))
            .op("t", "StringNormalizer", List.of("n"))
            .unchecked("t"),
        file);

    assertThatThrownBy(() -> Qalibre.loadQuantized(file))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageContaining("TfIdfVectorizer (node `n`)")
        .hasMessageContaining("StringNormalizer (node `t`)");
  }
}
