package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.engine.Calibrator;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OverflowGuard_apply_Test {
  private static final double LARGEST = 0x1p31 - 0x1p15;

  /** Conv and Relu, whose second channel has tiny weights and a bias of its own choice. */
  private static Graph network(float bias) {
    Graph graph =
        Net.input(3, 6, 6).conv("c", "x", 4, 3, 1, 1).op("r", "Relu", List.of("c")).build("r");
    float[] weight = graph.initializer("c.weight").floats();
    for (int i = 3; i < 6; i++) {
      weight[i] = 1e-12f * (i - 2);
    }
    float[] biases = graph.initializer("c.bias").floats();
    biases[1] = bias;
    return graph.withInitializers(
        Map.of("c.weight", Tensor.of(weight, 4, 3, 1, 1), "c.bias", Tensor.of(biases, 4)));
  }

  private static Simulation calibrated(Graph graph, String config) {
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn(config), PlacementOptions.DEFAULT);
    Labelled samples = Labelled.of(Net.data(1, 8, 3, 6, 6));
    return Calibrator.calibrate(placed, samples).simulation();
  }

  @ParameterizedTest
  @ValueSource(floats = {1000, -1000})
  void a_tiny_weights_scale_is_raised_until_its_bias_fits(float bias) {
    Simulation before = calibrated(network(bias), "per_channel");

    Simulation after = OverflowGuard.apply(before);

    double input = before.encoding("x").first().scale();
    List<Encoding> raised = after.encoding("c.weight").grids();
    List<Encoding> own = before.encoding("c.weight").grids();
    assertThat(own.get(1).scale()).isLessThan(1e-6);
    assertThat(Math.abs(bias) / (input * own.get(1).scale())).isGreaterThan(LARGEST);
    assertThat(Math.abs(bias) / (input * raised.get(1).scale()))
        .isBetween(0.9 * LARGEST, LARGEST * (1 + 1e-7));
    assertThat(raised.get(1).offset()).isEqualTo(own.get(1).offset());
    assertThat(raised.get(1).steps()).isEqualTo(own.get(1).steps());
    assertThat(List.of(raised.get(0), raised.get(2), raised.get(3)))
        .isEqualTo(List.of(own.get(0), own.get(2), own.get(3)));
  }

  @ParameterizedTest
  @ValueSource(floats = {1000, -1000, 917.3f, -842.9f, 777.7f, 613.1f, -555.5f, 499.9f})
  void the_layer_is_exported_with_an_integer_bias(float bias) {
    Simulation before = calibrated(network(bias), "int8");

    Graph qdq = QdqGraph.of(OverflowGuard.apply(before));

    assertThat(QdqGraph.of(before).operators()).extracting(OperatorNode::type).contains("Add");
    assertThat(qdq.operators()).extracting(OperatorNode::type).doesNotContain("Add");
    assertThat(Math.abs((double) qdq.initializer("c.bias_q").longs()[1]))
        .isBetween(0.9 * LARGEST, LARGEST + 0x1p9);
  }

  /** AIMET's ratio for such a product is 1 as well. */
  @Test
  void a_bias_that_an_Add_adds_to_a_product_fits() {
    float[] weight = Net.data(2, 4, 3).floats();
    for (int i = 1; i < weight.length; i += 3) {
      weight[i] *= 1e-12f;
    }
    Graph graph =
        Net.input(4)
            .constant("w", Tensor.of(weight, 4, 3))
            .constant("b", Tensor.of(new float[] {1, 1000, 1}, 3))
            .op("m", "MatMul", List.of("x", "w"))
            .op("y", "Add", List.of("m", "b"))
            .build("y");
    Graph placed =
        Placement.place(graph, RuntimeConfig.builtIn("per_channel"), PlacementOptions.DEFAULT);
    Labelled samples = Labelled.of(Net.data(1, 8, 4));
    Simulation before = Calibrator.calibrate(placed, samples).simulation();

    Simulation after = OverflowGuard.apply(before);

    double input = before.encoding("x").first().scale();
    double raised = after.encoding("w").grids().get(1).scale();
    assertThat(1000 / (input * raised))
        .isCloseTo(LARGEST, org.assertj.core.api.Assertions.withinPercentage(1e-5));
    assertThat(after.encoding("w").grids().get(0)).isEqualTo(before.encoding("w").grids().get(0));
  }

  @Test
  void the_output_keeps_its_bias() {
    Simulation after = OverflowGuard.apply(calibrated(network(1000), "int8"));
    Tensor input = Net.data(1, 8, 3, 6, 6);

    float[] outputs =
        io.qalibre.engine.Runner.run(IntegerBiases.round(after), Map.of("x", input))
            .get("r")
            .floats();

    assertThat(outputs[36]).isCloseTo(1000, org.assertj.core.api.Assertions.within(5f));
  }

  @Test
  void sums_can_be_scaled_to_a_quantized_output() {
    Graph graph = Net.input(3, 6, 6).conv("c", "x", 4, 3, 1, 1).build("c");
    float[] weight = graph.initializer("c.weight").floats();
    weight[0] = weight[1] = weight[2] = 0;
    Simulation before =
        calibrated(
            graph.withInitializers(
                Map.of(
                    "c.weight",
                    Tensor.of(weight, 4, 3, 1, 1),
                    "c.bias",
                    Tensor.of(new float[4], 4))),
            "per_channel");
    Simulation large = new Simulation(before.graph(), withScale(before, "c", 1e4));

    double raised = OverflowGuard.apply(large).encoding("c.weight").first().scale();

    double input = before.encoding("x").first().scale();
    double output = large.encoding("c").first().scale();
    assertThat(before.encoding("c.weight").first().scale() * input / output)
        .isLessThan(Math.pow(2, -23.5));
    assertThat(raised * input / output).isBetween(Math.pow(2, -23.5) * 0.9999, Math.pow(2, -23));
  }

  private static Map<String, io.qalibre.quant.TensorEncoding> withScale(
      Simulation simulation, String id, double scale) {
    Map<String, io.qalibre.quant.TensorEncoding> all =
        new java.util.LinkedHashMap<>(simulation.encodings());
    Encoding grid = simulation.encoding(id).first();
    all.put(
        id,
        io.qalibre.quant.TensorEncoding.perTensor(
            Encoding.of(scale, grid.offset(), grid.steps(), grid.bitwidth(), grid.symmetric())));
    return all;
  }

  @Test
  void where_nothing_overflows_nothing_changes() {
    Simulation simulation = SmallNet.simulation();

    assertThat(OverflowGuard.apply(simulation)).isEqualTo(simulation);
  }
}
