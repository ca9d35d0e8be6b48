package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.data.Datasets;
import io.qalibre.data.ImageSplits;
import io.qalibre.data.ProjectFiles;
import io.qalibre.errors.QalibreException;
import io.qalibre.export.Verification;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.AdaRound;
import io.qalibre.ptq.BiasCorrection;
import io.qalibre.ptq.FoldedNorms;
import io.qalibre.ptq.ReestimatedNorms;
import io.qalibre.qat.Qat;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizedNetwork_batchNorms_Test {
  private static final Labelled DATA = Labelled.random(4, 32, 3, 8, 8);
  private static final Map<String, Tensor> INPUT = Map.of("x", Net.data(9, 16, 3, 8, 8));

  private static Network network() {
    return Qalibre.of(
        Net.input(3, 8, 8)
            .convNoBias("a", "x", 8, 3, 3, 3)
            .batchNorm("m", "a", 8)
            .op("r", "Relu", List.of("m"))
            .conv("b", "r", 8, 8, 1, 1)
            .batchNorm("n", "b", 8)
            .op("pool", "GlobalAveragePool", List.of("n"))
            .op("f", "Flatten", List.of("pool"))
            .linear("y", "f", 4, 8)
            .build("y"));
  }

  private static QuantizedNetwork live() {
    return network().simulate(QuantConfig.int8()).computeEncodings(DATA);
  }

  private static void assertSame(QuantizedNetwork one, QuantizedNetwork other) {
    assertThat(one.simulation().encodings()).isEqualTo(other.simulation().encodings());
    assertThat(one.simulation().graph().initializers())
        .isEqualTo(other.simulation().graph().initializers());
  }

  @Test
  void re_estimation_is_a_step_that_says_what_it_did() {
    QuantizedNetwork before = live();
    Map<String, Tensor> parameters = before.simulation().graph().initializers();

    QuantizedNetwork after = before.reestimateBatchNorms(DATA);

    ReestimatedNorms norms = after.normStatistics();
    assertThat(norms.table().columnNames())
        .containsExactly(
            "batch norm",
            "channels",
            "mean |shift|",
            "max |shift|",
            "smallest ratio",
            "largest ratio");
    assertThat(norms.table().rowCount()).isEqualTo(2);
    assertThat(norms.chart().charts()).hasSize(2);
    assertThat(after.steps().stringColumn("verb").asList())
        .containsExactly("of", "computeEncodings", "reestimateBatchNorms");
    assertThat(after.steps().stringColumn("result").get(2))
        .startsWith("2 batch normalizations re-estimated, means moved by at most ");
    assertThat(before.simulation().graph().initializers()).isEqualTo(parameters);
    assertSame(before.reestimateBatchNorms(DATA), after);
    assertThatThrownBy(before::normStatistics)
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith(
            "this network does not come from reestimateBatchNorms(…): its steps are ");
  }

  @Test
  void re_estimation_computes_the_encodings_of_activations_anew() {
    QuantizedNetwork before = live();

    QuantizedNetwork after = before.reestimateBatchNorms(DATA);

    for (QuantizerNode q : before.simulation().graph().quantizers()) {
      if (q.enabled()) {
        boolean equal =
            after.simulation().encoding(q.id()).equals(before.simulation().encoding(q.id()));
        assertThat(equal).as(q.tensor()).isEqualTo(q.parameter() || q.tensor().equals("x"));
      }
    }
    assertThat(after.histogram("r").histogram()).isNotEqualTo(before.histogram("r").histogram());
  }

  @Test
  void a_network_that_was_folded_before_is_refused() {
    QuantizedNetwork folded =
        network().foldBatchNorms().simulate(QuantConfig.int8()).computeEncodings(DATA);

    assertThatThrownBy(() -> folded.reestimateBatchNorms(DATA))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("call simulate(…) without foldBatchNorms() before it");
    assertThatThrownBy(folded::foldBatchNorms)
        .isInstanceOf(QalibreException.class)
        .hasMessage("foldBatchNorms: net has no batch normalization to fold");
  }

  @Test
  void folding_is_a_step_that_says_what_it_did() {
    QuantizedNetwork before = live();

    QuantizedNetwork after = before.foldBatchNorms();

    FoldedNorms norms = after.normFolding();
    assertThat(norms.norms()).allMatch(FoldedNorms.Norm::folded);
    assertThat(after.steps().stringColumn("verb").asList())
        .containsExactly("of", "computeEncodings", "foldBatchNorms");
    assertThat(after.steps().stringColumn("result").get(2)).isEqualTo(norms.summary());
    assertThat(after.simulation().graph().operators())
        .extracting(OperatorNode::name)
        .containsExactly("a", "r", "b", "pool", "f", "y");
    assertThat(Golden.sqnr(before.run(INPUT).get("y"), after.run(INPUT).get("y")))
        .isGreaterThan(30);
    assertThat(after.histogram("b").histogram()).isEqualTo(before.histogram("n").histogram());
    assertSame(before.foldBatchNorms(), after);
    assertThatThrownBy(before::normFolding)
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("this network does not come from foldBatchNorms(…): ");
  }

  /** The float network is the folded one, and all that reads it goes on. */
  @Test
  void other_techniques_go_on_from_a_folded_network() {
    QuantizedNetwork folded = live().foldBatchNorms();

    QuantizedNetwork corrected = folded.correctBias(DATA, BiasCorrection.ANALYTICAL);
    QuantizedNetwork rounded = corrected.adaRound(DATA, AdaRound.iterations(5).batch(4));

    assertThat(corrected.biasCorrection().layers())
        .extracting(l -> l.name() + " " + l.how())
        .containsExactly("a empirical", "b analytical", "y empirical");
    assertThat(rounded.rounding().layers()).hasSize(3);
    assertThat(rounded.normFolding().norms()).hasSize(2);
    assertThat(rounded.train(DATA, Qat.epochs(1)).steps().stringColumn("verb").asList())
        .endsWith("foldBatchNorms", "correctBias", "adaRound", "train");
  }

  /** The whole way: training with normalizations, re-estimation, folding, export. */
  @Test
  void what_was_trained_with_normalizations_runs_in_onnx_runtime(@TempDir Path dir) {
    QuantizedNetwork trained = live().train(DATA, Qat.epochs(2).learningRate(0.01));

    for (String statistic : List.of("m.mean", "n.var")) {
      assertThat(trained.simulation().graph().initializer(statistic))
          .isEqualTo(network().graph().initializer(statistic));
    }
    QuantizedNetwork folded = trained.reestimateBatchNorms(DATA).foldBatchNorms();

    Verification verification = folded.export(dir, "net").verify(DATA);
    assertThat(verification.distances().simulationToUnfused().sqnr()).isGreaterThan(60);
    assertThat(verification.agreement().top1()).isGreaterThan(90);
    assertThat(folded.steps().stringColumn("verb").asList())
        .containsExactly(
            "of", "computeEncodings", "train", "reestimateBatchNorms", "foldBatchNorms");
  }

  /** All normalizations of a whole network. */
  @Test
  void the_shipped_network_keeps_its_accuracy() {
    ImageSplits data = Datasets.fashionMnist().as(3, 32);
    Network network = Qalibre.load(ProjectFiles.find("data/models/mobilenet_v2.onnx"));
    QuantizedNetwork before =
        network.simulate(QuantConfig.int8()).computeEncodings(data.calibration(64));

    QuantizedNetwork after = before.reestimateBatchNorms(data.calibration(128)).foldBatchNorms();

    assertThat(after.normFolding().norms()).hasSize(52).allMatch(FoldedNorms.Norm::folded);
    assertThat(after.evaluate(data.validation().first(200)).top1())
        .isGreaterThan(before.evaluate(data.validation().first(200)).top1() - 3);
  }
}
