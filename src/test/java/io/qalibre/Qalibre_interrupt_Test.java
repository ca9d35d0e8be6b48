package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.training.dataset.Dataset;
import io.qalibre.analysis.AutoQuant;
import io.qalibre.analysis.Budget;
import io.qalibre.analysis.MixedPrecision;
import io.qalibre.engine.EngineArrays;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.export.Export;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.AdaRound;
import io.qalibre.ptq.Equalization;
import io.qalibre.qat.Fp32;
import io.qalibre.qat.History;
import io.qalibre.qat.Qat;
import io.qalibre.qat.Training;
import io.qalibre.testing.FileVerb;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The user's interrupt at any point of every verb that takes time: the verb gives what it has or
 * says that it was interrupted, and called again it gives what it would have.
 */
class Qalibre_interrupt_Test {
  private static final Labelled SAMPLES =
      Labelled.of(Net.data(1, 40, 3, 6, 6), labels(40)).batch(8);

  /** How many batches of a pass, and how many moments of a call, are tried. */
  private static final int POINTS = Boolean.getBoolean("full") ? 20 : 3;

  private static final Network NET =
      Qalibre.of(
          Net.input(3, 6, 6)
              .conv("c", "x", 6, 3, 3, 3)
              .batchNorm("n", "c", 6)
              .op("r", "Relu", List.of("n"))
              .op("p", "GlobalAveragePool", List.of("r"))
              .op("f", "Flatten", List.of("p"))
              .random("l.weight", 6)
              .random("l.bias", 6)
              .op("l", "LayerNormalization", List.of("f", "l.weight", "l.bias"), "axis", -1L)
              .linear("y", "l", 5, 6)
              .build("y"));

  private static final QuantizedNetwork LIVE =
      NET.simulate(QuantConfig.int8().withWeightBits(4)).computeEncodings(SAMPLES);
  private static final QuantizedNetwork QUANTIZED =
      NET.foldBatchNorms().simulate(QuantConfig.int8().withWeightBits(4)).computeEncodings(SAMPLES);

  @TempDir private static Path folder;

  private static long[] labels(int n) {
    long[] labels = new long[n];
    for (int i = 0; i < n; i++) {
      labels[i] = i % 5;
    }
    return labels;
  }

  /**
   * A verb.
   *
   * @param call gives what is to be the same each time, from a dataset
   */
  private record Verb(String name, Function<Dataset, Object> call) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Map<String, Tensor> weights(Evaluable network) {
    return network.simulation().graph().initializers();
  }

  static Stream<Verb> verbs() {
    return Stream.of(
        new Verb("evaluate", NET::evaluate),
        new Verb("compare", s -> Compare.of("a", NET).with("b", QUANTIZED).on(s).toString()),
        new Verb("equalizeLayers", s -> weights(NET.equalizeLayers(Equalization.DEFAULT, s))),
        new Verb("smoothQuant", s -> weights(NET.smoothQuant(s))),
        new Verb("calibrate", s -> NET.simulate(QuantConfig.int8()).calibrate(s)),
        new Verb(
            "computeEncodings",
            s -> NET.simulate(QuantConfig.int8()).computeEncodings(s).simulation().encodings()),
        new Verb("correctBias", s -> weights(QUANTIZED.correctBias(s))),
        new Verb("sequentialMse", s -> QUANTIZED.sequentialMse(s).simulation().encodings()),
        new Verb("adaRound", s -> weights(QUANTIZED.adaRound(s, AdaRound.iterations(60).batch(8)))),
        new Verb("reestimateBatchNorms", s -> weights(LIVE.reestimateBatchNorms(s))),
        new Verb("train", s -> weights(NET.train(s, Fp32.epochs(2)))),
        new Verb("train quantized", s -> weights(QUANTIZED.train(s, Qat.epochs(2).validate(s)))),
        new Verb("sensitivity", s -> QUANTIZED.sensitivity(s).table().print()),
        new Verb("layerErrors", s -> QUANTIZED.layerErrors(s).table().print()),
        new Verb(
            "mixedPrecision",
            s ->
                QUANTIZED
                    .mixedPrecision(s, MixedPrecision.within(Budget.bitOperations(0.9)).points(3))
                    .precisions()
                    .summary()),
        new Verb(
            "autoQuant",
            s ->
                NET.autoQuant(s, s, QuantConfig.int8(), AutoQuant.within(0).iterations(20))
                    .search()
                    .summary()),
        new Verb("verify", s -> exported().verify(s).agreement()),
        new Verb("verifyLayers", s -> exported().verifyLayers(s).toString()));
  }

  private static Export exported() {
    return QUANTIZED.export(folder, "net");
  }

  @AfterEach
  void nothing_is_interrupted() {
    assertThat(Thread.interrupted()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("verbs")
  void before_any_batch(Verb verb) {
    int[] batches = {0};
    Object expected = verb.call().apply(SAMPLES.before(batch -> batches[0]++));
    int all = batches[0];
    assertThat(all).isPositive();

    for (int i = 0; i <= POINTS; i++) {
      int at = i * (all - 1) / POINTS;
      batches[0] = 0;
      Dataset interrupting =
          SAMPLES.before(
              batch -> {
                if (batches[0]++ == at) {
                  Thread.currentThread().interrupt();
                }
              });
      call(verb, interrupting);
      assertThat(Thread.interrupted()).as("heeded, before batch %d of %d", at, all).isFalse();
    }

    assertThat(verb.call().apply(SAMPLES)).isEqualTo(expected);
  }

  @ParameterizedTest
  @MethodSource("verbs")
  void at_any_moment(Verb verb) throws Exception {
    Object expected = verb.call().apply(SAMPLES);
    int before = EngineArrays.arrays();
    long began = System.nanoTime();
    assertThat(verb.call().apply(SAMPLES)).isEqualTo(expected);
    long takes = System.nanoTime() - began;
    Thread here = Thread.currentThread();
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try {
      for (int i = 0; i < POINTS; i++) {
        long moment = (2L * i + 1) * takes / (2L * POINTS);
        var interrupt = clock.schedule(here::interrupt, moment, TimeUnit.NANOSECONDS);
        call(verb, SAMPLES);
        if (!interrupt.cancel(false)) {
          awaitDone(interrupt);
        }
        // One that came when the work was over is none of the verb's.
        Thread.interrupted();
      }
    } finally {
      clock.shutdownNow();
    }

    assertThat(EngineArrays.arrays()).isEqualTo(before);
    assertThat(verb.call().apply(SAMPLES)).isEqualTo(expected);
  }

  private static void awaitDone(java.util.concurrent.Future<?> interrupt) {
    while (!interrupt.isDone()) {
      Thread.onSpinWait();
    }
  }

  /** Any other exception fails the test. */
  private static void call(Verb verb, Dataset samples) {
    try {
      assertThat(verb.call().apply(samples)).isNotNull();
    } catch (InterruptedWorkException e) {
      assertThat(e.getMessage()).startsWith("interrupted: ");
    }
  }

  /** What is to be kept is kept, whatever the interrupt. */
  @Test
  void files_are_written_to_their_end() {
    for (FileVerb verb : FileVerb.all()) {
      if (!verb.file().endsWith("-")) {
        Thread.currentThread().interrupt();
        verb.call().accept(folder);
        Thread.interrupted();
      }
    }
    FileVerb.readAll(folder);
    assertThat(folder.resolve("report.html")).content().endsWith("</html>\n");
  }

  /** The interrupt that comes while an epoch's checkpoint is written costs neither. */
  @Test
  void an_epoch_that_is_over_is_kept() {
    Training options = Qat.epochs(2).checkpoint(folder.resolve("interrupted.checkpoint"));
    Training interrupting = options.onEpoch(epoch -> Thread.currentThread().interrupt());

    History stopped = QUANTIZED.train(SAMPLES, interrupting).history();

    assertThat(stopped.interrupted()).isTrue();
    assertThat(stopped.epochs()).hasSize(1);
    assertThat(weights(QUANTIZED.train(SAMPLES, options)))
        .isEqualTo(weights(QUANTIZED.train(SAMPLES, Qat.epochs(2))));
  }

  /** The same of AdaRound, whose file is locked and added to whatever the interrupt. */
  @Test
  void a_layer_that_is_done_is_kept() {
    AdaRound few = AdaRound.iterations(60).batch(8);
    Thread.currentThread().interrupt();

    call(new Verb("adaRound", s -> QUANTIZED.adaRound(s, few.checkpointsIn(folder))), SAMPLES);

    assertThat(weights(QUANTIZED.adaRound(SAMPLES, few.checkpointsIn(folder))))
        .isEqualTo(weights(QUANTIZED.adaRound(SAMPLES, few)));
  }
}
