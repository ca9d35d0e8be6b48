package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.training.dataset.Dataset;
import io.qalibre.export.Verification.Accuracies;
import io.qalibre.export.Verification.Agreement;
import io.qalibre.export.Verification.Distances;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole networks: the simulation is as close to ONNX Runtime as ONNX Runtime's fused kernels are to
 * its unfused operators.
 */
class Verifier_run_Test {
  private static final int GOLDEN_PICTURES = 128;
  private static final int SHIPPED_PICTURES = 300;
  private static final int ALL_PICTURES = 10_000;

  @TempDir private Path dir;

  @ParameterizedTest
  @MethodSource("io.qalibre.export.W8A8#all")
  void simulations_are_as_close_as_kernels(W8A8 network) {
    SideBySide compared =
        run(network, network.test(network.golden() ? GOLDEN_PICTURES : SHIPPED_PICTURES));

    Distances distances = compared.distances();
    assertThat(distances.simulationToUnfused().sqnr())
        .isGreaterThanOrEqualTo(distances.unfusedToFused().sqnr() - 3);
  }

  @ParameterizedTest
  @CsvSource({"mobilenet_v2, true", "mobilenet_v2, false", "resnet50, true", "resnet50, false"})
  @EnabledIfSystemProperty(named = "full", matches = "true", disabledReason = "a long suite")
  void accuracies_are_the_same_on_all_test_pictures(String name, boolean perChannel) {
    W8A8 network = new W8A8("shipped " + name, perChannel);

    SideBySide compared = run(network, network.test(ALL_PICTURES));

    Accuracies accuracies = compared.accuracies();
    assertThat(accuracies).isNotNull();
    // Where every answer is the same, both are zero.
    assertThat(Math.abs(accuracies.difference()))
        .isLessThanOrEqualTo(2 * accuracies.standardError());
    assertThat(compared.distances().simulationToFused().top1()).isGreaterThanOrEqualTo(99);
    assertThat(compared.distances().simulationToUnfused().top1()).isGreaterThanOrEqualTo(99);
  }

  private SideBySide run(W8A8 network, Dataset samples) {
    Export export = Exporter.export(network.simulation(), dir, "net");
    SideBySide compared = new SideBySide();
    new Verifier(export).run(samples, compared);
    Distances distances = compared.distances();
    System.out.printf(
        "%-34s on %,d: simulation to unfused %s; unfused to fused %s; simulation to fused %s%n",
        network,
        distances.simulationToFused().n(),
        text(distances.simulationToUnfused()),
        text(distances.unfusedToFused()),
        text(distances.simulationToFused()));
    Accuracies accuracies = compared.accuracies();
    if (accuracies != null) {
      System.out.printf(
          Locale.ROOT,
          "%-34s top-1 %.2f %% simulated, %.2f %% unfused, %.2f %% fused; difference %+.3f ± %.3f points%n",
          network,
          accuracies.simulation().top1(),
          accuracies.unfused().top1(),
          accuracies.runtime().top1(),
          accuracies.difference(),
          accuracies.standardError());
    }
    return compared;
  }

  private static String text(Agreement agreement) {
    return String.format(
        Locale.ROOT, "%.1f dB, same top-1 %.2f %%", agreement.sqnr(), agreement.top1());
  }
}
