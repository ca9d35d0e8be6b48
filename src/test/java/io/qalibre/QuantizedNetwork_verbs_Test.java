package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Accuracy;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.models.MnistNet;
import io.qalibre.qat.Qat;
import io.qalibre.quant.Encoding;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

/** What a notebook does, on a network with random weights. */
class QuantizedNetwork_verbs_Test {
  private static final Dataset DATA = Labelled.random(10, 16, 1, 28, 28).batch(8);
  private static final Map<String, Tensor> INPUT = Map.of("input", Net.data(5, 16, 1, 28, 28));
  private static Network net;
  private static Network folded;
  private static QuantizationSimModel sim;
  private static QuantizedNetwork quantized;

  @BeforeAll
  static void make() {
    Qalibre.seed(1);
    try (Model model = Model.newInstance("mnist", "PyTorch")) {
      Block block = MnistNet.block();
      block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 1, 28, 28));
      model.setBlock(block);
      net = Qalibre.of(model, new Shape(1, 1, 28, 28));
    }
    folded = net.foldBatchNorms();
    sim = folded.simulate(QuantConfig.int8());
    quantized = sim.computeEncodings(DATA);
  }

  private static double sqnr(Evaluable reference, Evaluable other) {
    return Golden.sqnr(reference.run(INPUT).get("output"), other.run(INPUT).get("output"));
  }

  @Test
  void a_network_shows_what_it_is() {
    Table table = net.table();
    assertThat(table.name()).isEqualTo("Network mnist");
    assertThat(table.columnNames()).containsExactly("what", "value");
    assertThat(table.stringColumn("what").asList())
        .containsExactly("inputs", "outputs", "parameters", "MACs a sample", "operators", "steps");
    assertThat(table.stringColumn("value").get(0)).isEqualTo("input N×1×28×28");
    assertThat(table.stringColumn("value").get(1)).isEqualTo("output N×10");
    assertThat(net).asString().startsWith("Network mnist: input N×1×28×28 → output N×10, ");
  }

  @Test
  void a_summary_has_a_row_an_operator() {
    Table table = net.summary();

    assertThat(table.columnNames())
        .containsExactly("node", "operator", "output shape", "parameters", "MACs");
    assertThat(table.rowCount()).isEqualTo(13);
    assertThat(table.stringColumn("output shape").get(0)).isEqualTo("N×16×28×28");
    assertThat(table.longColumn("parameters").get(0)).isEqualTo(16 * 25);
    assertThat(table.longColumn("MACs").get(0)).isEqualTo(16 * 25 * 28 * 28);
    assertThat(table.longColumn("parameters").get(12))
        .isEqualTo(net.graph().initializer("linear1.weight").size() + 10);
  }

  @Test
  void folding_and_equalizing_are_steps_that_leave_the_function_and_the_receiver() {
    List<OperatorNode> before = net.graph().operators();

    Network equalized = net.equalizeLayers();

    assertThat(net.graph().operators()).isEqualTo(before);
    assertThat(net.history().stringColumn("verb").asList()).containsExactly("of");
    assertThat(equalized.history().stringColumn("verb").asList())
        .containsExactly("of", "foldBatchNorms", "equalizeLayers");
    assertThat(equalized.history().stringColumn("result").get(1))
        .isEqualTo("3 batch normalizations folded");
    assertThat(equalized.history().stringColumn("result").get(2)).startsWith("3 pairs in ");
    assertThat(folded.graph().operators()).hasSize(10);
    assertThat(sqnr(net, folded)).isGreaterThan(100);
    assertThat(sqnr(net, equalized)).isGreaterThan(100);
    assertThat(equalized.weightRanges(folded).table().rowCount()).isEqualTo(4);
    assertThat(folded.equalizeLayers().history().stringColumn("verb").asList())
        .containsExactly("of", "foldBatchNorms", "equalizeLayers");
  }

  @Test
  void a_simulation_lists_its_quantizers() {
    Table table = sim.quantizers();

    assertThat(table.columnNames())
        .containsExactly(
            "tensor",
            "kind",
            "operator",
            "bitwidth",
            "format",
            "scheme",
            "symmetric",
            "granularity",
            "enabled",
            "rule");
    assertThat(table.rowCount()).isEqualTo(sim.graph().quantizers().size());
    assertThat(sim.table().rowCount()).isEqualTo(table.rowCount());
    assertThat(folded.graph().quantizers()).isEmpty();
    assertThat(sim).asString().startsWith("QuantizationSimModel mnist: ");
  }

  @Test
  void encodings_have_a_row_a_tensor() {
    Table table = quantized.encodings();

    assertThat(table.columnNames())
        .containsExactly(
            "tensor", "kind", "bitwidth", "symmetric", "channels", "min", "max", "scale", "offset");
    long enabled = sim.graph().quantizers().stream().filter(QuantizerNode::enabled).count();
    assertThat(table.rowCount()).isEqualTo((int) enabled);
    assertThat(table.stringColumn("tensor").asList()).contains("input", "conv1.weight", "output");
    for (int row = 0; row < table.rowCount(); row++) {
      assertThat(table.doubleColumn("min").get(row)).isLessThanOrEqualTo(0);
      assertThat(table.doubleColumn("max").get(row)).isGreaterThanOrEqualTo(0);
      assertThat(table.doubleColumn("scale").get(row)).isPositive();
    }
  }

  @Test
  void encodings_of_a_tensor_have_a_row_a_channel() {
    Table weight = quantized.encodings("conv1.weight");

    assertThat(weight.columnNames()).containsExactly("channel", "min", "max", "scale", "offset");
    assertThat(weight.rowCount()).isEqualTo(16);
    assertThat(weight.longColumn("offset").asList()).containsOnly(-128L);
    assertThat(quantized.encodings("input").rowCount()).isEqualTo(1);
    assertThatThrownBy(() -> quantized.encodings("conv1.wieght"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageStartingWith("no quantized tensor `conv1.wieght` in mnist; did you mean")
        .hasMessageContaining("`conv1.weight`");
  }

  @Test
  void a_histogram_shows_what_an_activation_held() {
    TensorHistogram histogram = quantized.histogram("input");

    assertThat(histogram.histogram().total()).isEqualTo(16 * 28 * 28);
    assertThat(histogram.clipped()).isZero();
    assertThat(histogram.table().columnNames())
        .containsExactly("values", "min", "max", "scale", "clipped %");
    assertThat(histogram.chart()).isNotNull();
    assertThatThrownBy(() -> quantized.histogram("conv1.weight"))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "no histogram of `conv1.weight`: only activations whose encodings were computed from"
                + " samples, not all of them zero, have one");
    assertThatThrownBy(() -> quantized.histogram("inptu"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("did you mean `input`");
  }

  @Test
  void a_clipped_histogram_counts_what_is_clipped() {
    TensorHistogram seen = quantized.histogram("input");
    Encoding half = Encoding.of(seen.encoding().scale() / 4, -32, 63, 6, false);

    TensorHistogram clipped = new TensorHistogram("input", seen.histogram(), half);

    float[] values = INPUT.get("input").floats();
    double outside = 0;
    for (float value : values) {
      outside +=
          value < half.min() - half.scale() / 2 || value > half.max() + half.scale() / 2 ? 1 : 0;
    }
    assertThat(clipped.clipped() * values.length).isCloseTo(outside, within(0.02 * values.length));
    assertThat(clipped.clipped()).isGreaterThan(0.5);
    assertThat(clipped.chart()).isNotNull();
  }

  @Test
  void the_quantized_network_is_near_the_float_one_and_sixteen_bits_are_nearer() {
    QuantizedNetwork fine =
        folded.simulate(QuantConfig.int8().withActivationBits(16)).computeEncodings(DATA);

    assertThat(sqnr(folded, quantized)).isBetween(15.0, 60.0);
    assertThat(sqnr(folded, fine)).isGreaterThan(sqnr(folded, quantized));
    assertThat(quantized.run(INPUT)).isEqualTo(quantized.run(INPUT));
  }

  @Test
  void every_value_of_an_output_is_on_its_grid() {
    Encoding grid = quantized.simulation().encoding(id("output")).first();

    for (float value : quantized.run(INPUT).get("output").floats()) {
      assertThat(grid.fakeQuantize(value)).isEqualTo(value);
    }
  }

  private static String id(String tensor) {
    return sim.graph().quantizers().stream()
        .filter(q -> q.tensor().equals(tensor))
        .map(QuantizerNode::id)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void encodings_can_be_computed_again() {
    QuantizedNetwork again = sim.computeEncodings(DATA);

    assertThat(again.simulation().encodings()).isEqualTo(quantized.simulation().encodings());
    assertThat(again.steps().stringColumn("verb").asList())
        .containsExactly("of", "foldBatchNorms", "computeEncodings");
  }

  @Test
  void training_gives_a_new_network_and_leaves_the_old() {
    Map<String, Tensor> before = quantized.run(INPUT);

    QuantizedNetwork tuned = quantized.train(DATA, Qat.epochs(1).learningRate(1e-3));

    assertThat(quantized.run(INPUT)).isEqualTo(before);
    assertThat(tuned.run(INPUT)).isNotEqualTo(before);
    assertThat(tuned.history().losses()).hasSize(2);
    assertThat(tuned.steps().stringColumn("verb").asList()).endsWith("computeEncodings", "train");
    assertThat(tuned.steps().stringColumn("result").asList())
        .last()
        .isEqualTo("2 steps, epoch 1 of 1 kept");
    assertThat(tuned.histogram("input").histogram()).isNotNull();
    assertThatThrownBy(quantized::history)
        .isInstanceOf(QalibreException.class)
        .hasMessage("this network does not come from train(…): its steps are [computeEncodings]");
  }

  @Test
  void networks_are_compared_on_the_same_samples() {
    Comparison comparison = Compare.of("FP32", net).with("PTQ", quantized).on(DATA);

    Table table = comparison.table();
    assertThat(table.columnNames())
        .containsExactly(
            "network", "top-1 %", "± standard error", "top-5 %", "difference", "± paired", "n");
    assertThat(table.name()).isEqualTo("Accuracy on the same 16 samples");
    assertThat(table.stringColumn("network").asList()).containsExactly("FP32", "PTQ");
    assertThat(table.doubleColumn("difference").get(0)).isZero();
    assertThat(table.doubleColumn("± paired").get(0)).isZero();
    Accuracy ptq = comparison.accuracy("PTQ");
    assertThat(ptq).isEqualTo(quantized.evaluate(DATA));
    assertThat(table.doubleColumn("difference").get(1))
        .isEqualTo(ptq.top1() - net.evaluate(DATA).top1());
    assertThatThrownBy(() -> comparison.accuracy("PQT"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("did you mean `PTQ`");
    Compare one = Compare.of("FP32", net);
    assertThatThrownBy(() -> one.with("FP32", quantized))
        .isInstanceOf(QalibreException.class)
        .hasMessage("two networks are named `FP32`");
  }

  @Test
  void equal_networks_do_not_differ() {
    Table table = Compare.of("a", net).with("b", folded).on(DATA).table();

    assertThat(Arrays.asList(table.doubleColumn("difference").asObjectArray())).containsOnly(0.0);
    assertThat(Arrays.asList(table.doubleColumn("± paired").asObjectArray())).containsOnly(0.0);
  }

  @Test
  void data_of_another_size_names_the_call_to_use() {
    assertThatThrownBy(() -> quantized.evaluate(Labelled.random(10, 4, 3, 32, 32)))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "input `input` takes N×1×28×28, found 4×3×32×32; for the datasets of Datasets call"
                + " .as(1, 28)");
  }

  @Test
  void a_simulation_of_a_simulation_is_refused() {
    Network simulated = new Network(sim.graph(), List.of());

    assertThatThrownBy(() -> simulated.simulate(QuantConfig.int8()))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("expected a network without quantizers");
  }
}
