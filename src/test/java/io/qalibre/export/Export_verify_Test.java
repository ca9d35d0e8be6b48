package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.ArrayDataset;
import io.qalibre.engine.Accuracy;
import io.qalibre.engine.Runner;
import io.qalibre.engine.Transfer;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Export_verify_Test {
  @TempDir Path dir;
  private Export export;

  @BeforeEach
  void export() {
    export = Exporter.export(SmallNet.simulation(), dir, "net");
  }

  @Test
  void without_labels_everything_but_accuracies_is_given() {
    Verification verification = export.verify(SmallNet.samples(5));

    assertThat(verification.agreement().n()).isEqualTo(40);
    assertThat(verification.agreement().top1()).isGreaterThan(90);
    assertThat(verification.agreement().sqnr()).isGreaterThan(40);
    assertThat(verification.size().int8Bytes()).isEqualTo(export.qdq().bytes());
    assertThat(verification.latencies())
        .extracting(Verification.Latency::batch)
        .containsExactly(1L, 8L);
    assertThat(verification.latencies())
        .allMatch(latency -> latency.floatMillis() > 0 && latency.int8Millis() > 0);
    assertThat(verification.accuracies()).isNull();
    assertThat(verification.toString()).contains("40 samples").doesNotContain("against");
    assertThatThrownBy(verification::withinTwoStandardErrors)
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("accuracies need labels");
  }

  @Test
  void with_labels_both_accuracies_are_given_and_paired() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Random random = new Random(5);
      Tensor pictures = SmallNet.normal(random, 1, 50, 3, 8, 8);
      Tensor labels =
          Tensor.of(LongStream.range(0, 50).map(i -> i % SmallNet.CLASSES).toArray(), 50);
      ArrayDataset dataset =
          new ArrayDataset.Builder()
              .setData(Transfer.toArray(manager, pictures))
              .optLabels(Transfer.toArray(manager, labels))
              .setSampling(16, false)
              .build();

      Verification verification = export.verify(dataset);

      Accuracy expected = Runner.accuracy(export.simulation(), dataset);
      assertThat(verification.accuracies()).isNotNull();
      assertThat(verification.accuracies().simulation()).isEqualTo(expected);
      assertThat(verification.accuracies().unfused().n()).isEqualTo(50);
      assertThat(verification.accuracies().runtime().n()).isEqualTo(50);
      assertThat(verification.withinTwoStandardErrors()).isTrue();
      assertThat(verification.table().stringColumn("measure").asList())
          .contains(
              "top-1, simulation",
              "top-1, ONNX Runtime unfused",
              "top-1, ONNX Runtime fused",
              "SQNR, simulation ↔ unfused",
              "SQNR, unfused ↔ fused",
              "latency, INT8, batch of 16");
      assertThat(verification.toString()).contains("top-1 ", " against ");
    }
  }

  @Test
  void equal_codes_have_no_noise() {
    Simulation rounded = IntegerBiases.round(SmallNet.simulation());

    Verification verification =
        Exporter.export(rounded, dir, "rounded").verify(SmallNet.samples(5));

    assertThat(verification.agreement().largest()).isZero();
    assertThat(verification.agreement().sqnr()).isInfinite();
    assertThat(verification.distances().simulationToUnfused().sqnr()).isInfinite();
    assertThat(verification.distances().unfusedToFused().sqnr()).isInfinite();
    assertThat(verification.asCloseAsRuntimeToItself()).isTrue();
    assertThat(verification.toString())
        .contains("outputs equal", "as close to ONNX Runtime as ONNX Runtime is to itself");
  }

  @Test
  void a_simulation_that_is_another_is_told_from_kernels_that_differ() {
    Simulation simulation = IntegerBiases.round(SmallNet.simulation());
    Tensor bias = simulation.graph().initializer("c1.bias");
    float[] moved = bias.floats();
    moved[0] += 0.5f;
    Graph graph =
        simulation.graph().withInitializers(Map.of("c1.bias", Tensor.of(moved, moved.length)));
    Export other =
        new Export(
            new Simulation(graph, simulation.encodings()),
            export.onnx(),
            export.encodings(),
            export.qdq(),
            List.of());

    Verification verification = other.verify(SmallNet.samples(5));

    double kernels = verification.distances().unfusedToFused().sqnr();
    assertThat(verification.distances().simulationToUnfused().sqnr()).isLessThan(kernels - 3);
    assertThat(verification.asCloseAsRuntimeToItself()).isFalse();
    assertThat(verification.toString())
        .contains("further from ONNX Runtime than ONNX Runtime is from itself");
  }

  @Test
  void a_file_that_was_deleted_or_damaged_is_told() throws IOException {
    Files.writeString(export.qdq().path(), "not a model");
    assertThatThrownBy(() -> export.verify(SmallNet.samples(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("ONNX Runtime refuses `" + export.qdq().path() + "`");

    Files.delete(export.qdq().path());
    assertThatThrownBy(() -> export.verify(SmallNet.samples(1)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("found nothing there");
  }
}
