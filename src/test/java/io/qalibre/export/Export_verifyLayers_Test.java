package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.export.LayerVerification.Layer;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Symmetry;
import io.qalibre.view.Charts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Export_verifyLayers_Test {
  @TempDir Path dir;

  private Export export() {
    return Exporter.export(IntegerBiases.round(SmallNet.simulation()), dir, "net");
  }

  @Test
  void there_is_a_row_for_each_quantized_activation_in_order() {
    LayerVerification layers = export().verifyLayers(SmallNet.samples(5));

    assertThat(layers.samples()).isEqualTo(40);
    assertThat(layers.layers())
        .extracting(Layer::tensor)
        .containsExactly("input", "relu", "clip", "add", "mean", "output");
    assertThat(layers.layers())
        .extracting(Layer::operator)
        .containsExactly("input", "Relu", "Clip", "Add", "GlobalAveragePool", "Gemm");
    assertThat(layers.table().stringColumn("tensor").asList())
        .isEqualTo(layers.layers().stream().map(Layer::tensor).toList());
  }

  @Test
  void equal_codes_are_told() {
    LayerVerification layers = export().verifyLayers(SmallNet.samples(5));

    assertThat(layers.layers()).allMatch(layer -> layer.equal() == 100 && layer.largest() == 0);
    assertThat(layers.layers()).allMatch(layer -> layer.sqnr() == Double.POSITIVE_INFINITY);
    assertThat(layers.firstApart()).isEmpty();
    assertThat(layers.toString())
        .isEqualTo(
            "6 quantized tensors in the simulation and in ONNX Runtime on 40 samples: all codes equal.");
    assertThat(Charts.describe(layers.chart().charts().get(1))).contains("codes that differ");
  }

  @Test
  void where_simulation_and_file_part_is_found() {
    Export export = export();
    Graph file = OnnxReader.read(export.qdq().path());
    long[] bias = file.initializer("dw.bias_q").longs();
    int[] moved = new int[bias.length];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = (int) bias[i] + (i == 3 ? 5_000 : 0);
    }
    OnnxWriter.write(
        file.withInitializers(Map.of("dw.bias_q", Tensor.of(moved, moved.length))),
        export.qdq().path());

    LayerVerification layers = export.verifyLayers(SmallNet.samples(2));

    assertThat(layers.firstApart()).map(Layer::tensor).hasValue("clip");
    Layer clip = layers.layers().get(2);
    // One channel of sixteen; of its values those that the Clip limits stay.
    assertThat(clip.equal()).isBetween(100.0 * 15 / 16, 99.9);
    assertThat(clip.largest()).isGreaterThan(1);
    assertThat(clip.sqnr()).isBetween(0.0, 60.0);
    assertThat(layers.layers().subList(0, 2)).allMatch(layer -> layer.equal() == 100);
    assertThat(layers.toString()).contains("the first to differ is `clip`");
  }

  @Test
  void nothing_is_left_behind() throws IOException {
    Export export = export();
    List<Path> before = copies();

    export.verifyLayers(SmallNet.samples(1));

    assertThat(copies()).isEqualTo(before);
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files)
          .containsExactlyInAnyOrderElementsOf(
              export.files().stream().map(ExportedFile::path).toList());
    }
  }

  private static List<Path> copies() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("qalibre-layers"))
          .sorted()
          .toList();
    }
  }

  @Test
  void without_quantized_activations_there_is_nothing_to_compare() {
    Graph network = FloatGraph.of(SmallNet.placed(true, Symmetry.ASYMMETRIC));
    Export export = Exporter.export(Simulation.of(network), dir, "float");

    assertThatThrownBy(() -> export.verifyLayers(SmallNet.samples(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessage("small: no activation is quantized, so there is none to compare");
  }

  @Test
  void a_file_that_was_deleted_is_told() throws IOException {
    Export export = export();
    Files.delete(export.qdq().path());

    assertThatThrownBy(() -> export.verifyLayers(SmallNet.samples(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining(export.qdq().path().toString());
  }
}
