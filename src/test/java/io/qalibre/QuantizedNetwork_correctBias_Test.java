package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Node;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.BiasCorrection;
import io.qalibre.ptq.BiasShifts;
import io.qalibre.qat.Qat;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QuantizedNetwork_correctBias_Test {
  private static final Labelled DATA = Labelled.random(4, 16, 3, 8, 8);

  private static Network network() {
    return Qalibre.of(
        Net.input(3, 8, 8)
            .convNoBias("a", "x", 8, 3, 3, 3)
            .batchNorm("n", "a", 8)
            .op("r", "Relu", List.of("n"))
            .conv("b", "r", 8, 8, 1, 1)
            .op("pool", "GlobalAveragePool", List.of("b"))
            .op("f", "Flatten", List.of("pool"))
            .linear("y", "f", 4, 8)
            .build("y"));
  }

  private static QuantizedNetwork quantized(Network network) {
    return network.simulate(QuantConfig.int8().withWeightBits(4)).computeEncodings(DATA);
  }

  @Test
  void it_is_a_step_that_says_what_it_did() {
    QuantizedNetwork before = quantized(network().foldBatchNorms());
    Map<String, Tensor> parameters = before.simulation().graph().initializers();

    QuantizedNetwork after = before.correctBias(DATA);

    BiasShifts shifts = after.biasCorrection();
    assertThat(shifts.table().columnNames())
        .containsExactly(
            "layer",
            "operator",
            "bias",
            "how",
            "corrected",
            "channels",
            "mean |shift|",
            "max |shift|");
    assertThat(shifts.table().rowCount()).isEqualTo(3);
    assertThat(shifts.chart().charts()).hasSize(1);
    assertThat(after.steps().stringColumn("verb").asList())
        .containsExactly("of", "foldBatchNorms", "computeEncodings", "correctBias");
    assertThat(after.steps().stringColumn("result").asList())
        .last()
        .asString()
        .startsWith("3 of 3 biases corrected, by at most ");
    assertThat(before.simulation().graph().initializers()).isEqualTo(parameters);
    assertThat(after.simulation().graph().initializers().keySet()).isEqualTo(parameters.keySet());
    assertThat(after.simulation().graph().nodes().stream().map(Node::name).toList())
        .isEqualTo(before.simulation().graph().nodes().stream().map(Node::name).toList());
    assertThat(before.correctBias(DATA).simulation().encodings())
        .isEqualTo(after.simulation().encodings());
    assertThatThrownBy(before::biasCorrection)
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("this network does not come from correctBias(…): its steps are ");
  }

  @Test
  void the_analytical_correction_reads_the_normalizations_that_were_folded() {
    QuantizedNetwork folded = quantized(network().foldBatchNorms());
    QuantizedNetwork live = quantized(network());

    QuantizedNetwork after = folded.correctBias(DATA, BiasCorrection.ANALYTICAL);

    assertThat(after.biasCorrection().layers())
        .extracting(BiasShifts.Layer::how)
        .containsExactly("empirical", "analytical", "empirical");
    assertThatThrownBy(() -> live.correctBias(DATA, BiasCorrection.ANALYTICAL))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("call foldBatchNorms() before simulate(…)");
  }

  @Test
  void a_trained_network_is_refused() {
    QuantizedNetwork trained =
        quantized(network().foldBatchNorms()).train(DATA, Qat.epochs(3).learningRate(0.3));

    assertThatThrownBy(() -> trained.correctBias(DATA))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("correct them before training");
  }

  @Test
  void the_golden_network_gains() {
    Network network = new Network(Golden.network("mobilenet_v2.onnx"), List.of()).foldBatchNorms();
    Map<String, Tensor> input = Map.of("input", Golden.pictures(64));
    Tensor expected = network.run(input).get("output");
    QuantizedNetwork four =
        network
            .simulate(QuantConfig.int8().withWeightBits(4))
            .computeEncodings(Golden.calibration());

    QuantizedNetwork corrected = four.correctBias(Golden.calibration());

    double before = Golden.sqnr(expected, four.run(input).get("output"));
    double after = Golden.sqnr(expected, corrected.run(input).get("output"));
    assertThat(after).isGreaterThan(before + 1);
  }

  @Test
  void the_golden_network_per_tensor_comes_within_20_dB_of_the_float_network() {
    Network network = new Network(Golden.network("mobilenet_v2.onnx"), List.of()).foldBatchNorms();
    Map<String, Tensor> input = Map.of("input", Golden.pictures(64));
    Tensor expected = network.run(input).get("output");

    QuantizedNetwork best =
        network
            .simulate(QuantConfig.perTensor())
            .computeEncodings(Golden.calibration())
            .sequentialMse(Golden.calibration())
            .correctBias(Golden.calibration());

    assertThat(Golden.sqnr(expected, best.run(input).get("output"))).isGreaterThan(20);
  }
}
