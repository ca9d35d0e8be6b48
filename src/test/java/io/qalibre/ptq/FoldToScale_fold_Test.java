package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.QuantizerEdit;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FoldToScale_fold_Test {
  private static final Labelled DATA = Labelled.of(Net.data(3, 16, 3, 8, 8)).batch(8);

  private static Simulation calibrated(Graph graph, String config, String... off) {
    return calibrated(graph, config, PlacementOptions.DEFAULT, off);
  }

  /** A calibrated simulation without the quantizers of some activations. */
  private static Simulation calibrated(
      Graph graph, String config, PlacementOptions options, String... off) {
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn(config), options);
    List<Node> nodes =
        placed.nodes().stream()
            .map(
                n -> n instanceof QuantizerNode q && List.of(off).contains(q.tensor()) ? off(q) : n)
            .toList();
    return Calibrator.calibrate(placed.toBuilder().nodes(nodes).build(), DATA).simulation();
  }

  private static Node off(QuantizerNode q) {
    return new QuantizerNode(
        q.id(), q.tensor(), q.input(), q.output(), q.spec(), q.placement().enabled(false, "test"));
  }

  private static Simulation calibrated(Graph graph) {
    return calibrated(graph, "int8");
  }

  /** The layers that `int8` computes together with a normalization; random γ has both signs. */
  private static Graph layers() {
    return Net.input(3, 8, 8)
        .convNoBias("a", "x", 8, 3, 3, 3)
        .batchNorm("m", "a", 8)
        .op("r", "Relu", List.of("m"))
        .grouped("b", "r", 8, 8, 1, 3, 3)
        .batchNorm("n", "b", 8)
        .constant("zero", Tensor.scalar(0))
        .constant("six", Tensor.scalar(6))
        .op("c", "Clip", List.of("n", "zero", "six"))
        .random("d.weight", 8, 5, 2, 2)
        .op("d", "ConvTranspose", List.of("c", "d.weight"), "strides", List.of(2L, 2L))
        .batchNorm("y", "d", 5)
        .build("y");
  }

  private static QuantizerNode quantizer(Graph graph, String tensor) {
    return graph.quantizers().stream()
        .filter(q -> q.tensor().equals(tensor))
        .findFirst()
        .orElseThrow();
  }

  private static TensorEncoding encoding(Simulation simulation, String tensor) {
    return simulation.encoding(quantizer(simulation.graph(), tensor).id());
  }

  /** The codes of a weight, zero at 0. */
  private static long[] levels(Simulation simulation, String weight) {
    Tensor value = simulation.graph().initializer(weight);
    TensorEncoding encoding = encoding(simulation, weight);
    float[] values = value.floats();
    long[] levels = new long[values.length];
    for (int i = 0; i < levels.length; i++) {
      Encoding grid = encoding.grids().get(encoding.granularity().grid(i, value.sizes()));
      levels[i] = grid.quantize(values[i]) + grid.offset();
    }
    return levels;
  }

  private static double distance(Simulation one, Simulation other) {
    Map<String, Tensor> input = Map.of("x", Net.data(8, 8, 3, 8, 8));
    return Golden.sqnr(Runner.run(one, input).get("y"), Runner.run(other, input).get("y"));
  }

  @Test
  void codes_stay_and_are_mirrored_where_the_factor_is_negative() {
    Simulation before = calibrated(layers());

    FoldedNorms folded = FoldToScale.fold(before);

    Simulation after = folded.simulation();
    assertThat(folded.norms()).allMatch(FoldedNorms.Norm::folded);
    assertThat(folded.norms()).extracting(FoldedNorms.Norm::layer).containsExactly("a", "b", "d");
    int compared = 0;
    for (FoldedNorms.Norm norm : folded.norms()) {
      String weight = norm.layer() + ".weight";
      long[] expected = levels(before, weight);
      long[] found = levels(after, weight);
      Tensor value = before.graph().initializer(weight);
      TensorEncoding old = encoding(before, weight);
      TensorEncoding now = encoding(after, weight);
      assertThat(norm.mirrored()).isBetween(1, norm.factors().size() - 1);
      for (int i = 0; i < expected.length; i++) {
        int c = old.granularity().grid(i, value.sizes());
        double factor = norm.factors().get(c);
        boolean scaled = scale(old, c, factor) == now.grids().get(c).scale();
        if (factor > 0) {
          assertThat(scaled).isTrue();
          assertThat(found[i]).as("%s[%d]", weight, i).isEqualTo(expected[i]);
          compared++;
        } else if (scaled) {
          // −128 has no mirror image.
          assertThat(found[i]).as("%s[%d]", weight, i).isEqualTo(Math.min(127, -expected[i]));
        }
      }
    }
    assertThat(compared).isGreaterThan(100);
  }

  private static double scale(TensorEncoding encoding, int channel, double factor) {
    return (float) (encoding.grids().get(channel).scale() * Math.abs(factor));
  }

  /** Where no channel loses its codes what differs is the rounding of float32. */
  @Test
  void the_function_stays() {
    Graph graph = layers();
    PlacementOptions strict =
        PlacementOptions.DEFAULT
            .with(new QuantizerEdit.Symmetric("a.weight", false))
            .with(new QuantizerEdit.Symmetric("b.weight", false))
            .with(new QuantizerEdit.Symmetric("d.weight", false));

    Simulation symmetric = calibrated(graph);
    Simulation asymmetric = calibrated(graph, "int8", strict);

    FoldedNorms exact = FoldToScale.fold(asymmetric);
    assertThat(exact.norms()).allMatch(n -> n.changed() == 0 && n.mirrored() > 0);
    assertThat(distance(asymmetric, exact.simulation())).isGreaterThan(60);
    assertThat(distance(symmetric, FoldToScale.fold(symmetric).simulation())).isGreaterThan(35);
  }

  /** Ids, names, order and what they belong to are those of a simulation of the folded network. */
  @Test
  void what_is_left_is_named_as_in_a_simulation_of_the_folded_network() {
    record Place(
        String id, String tensor, String input, String output, Kind kind, String operator) {
      static List<Place> of(Graph graph) {
        return graph.quantizers().stream()
            .map(
                q ->
                    new Place(
                        q.id(),
                        q.tensor(),
                        q.input(),
                        q.output(),
                        q.placement().kind(),
                        q.placement().operator()))
            .toList();
      }
    }
    Graph graph = layers();
    Simulation expected = calibrated(BatchNormFolding.fold(graph).graph());

    Simulation found = FoldToScale.fold(calibrated(graph)).simulation();

    assertThat(Place.of(found.graph())).isEqualTo(Place.of(expected.graph()));
    assertThat(found.graph().quantizers().stream().map(QuantizerNode::enabled))
        .containsExactlyElementsOf(
            expected.graph().quantizers().stream().map(QuantizerNode::enabled).toList());
    assertThat(found.graph().operators()).isEqualTo(expected.graph().operators());
    assertThat(found.encodings().keySet()).isEqualTo(expected.encodings().keySet());
    assertThat(found.graph().initializers().keySet())
        .containsExactlyInAnyOrderElementsOf(expected.graph().initializers().keySet());
    for (String bias : List.of("a.bias", "b.bias", "d.bias")) {
      assertThat(found.graph().initializer(bias)).isEqualTo(expected.graph().initializer(bias));
    }
    // The output of the network that is the normalization's keeps its name.
    assertThat(quantizer(found.graph(), "y").input()).isEqualTo("y_raw");
  }

  @Test
  void activations_keep_their_encodings() {
    Simulation before = calibrated(layers());

    Simulation after = FoldToScale.fold(before).simulation();

    for (String tensor : List.of("x", "r", "c", "y")) {
      assertThat(encoding(after, tensor)).isEqualTo(encoding(before, tensor));
    }
  }

  /** A quantizer of the normalization's output becomes that of the layer's. */
  @Test
  void the_output_quantizer_of_a_normalization_is_the_layers() {
    Graph graph =
        Net.input(3, 8, 8)
            .conv("a", "x", 4, 3, 3, 3)
            .batchNorm("m", "a", 4)
            .op("y", "Sigmoid", List.of("m"))
            .build("y");
    Simulation before = calibrated(graph);

    Simulation after = FoldToScale.fold(before).simulation();

    QuantizerNode quantizer = quantizer(after.graph(), "a");
    assertThat(quantizer.enabled()).isTrue();
    assertThat(quantizer.id()).isEqualTo("a");
    assertThat(quantizer.output()).isEqualTo("a_qdq");
    assertThat(encoding(after, "a")).isEqualTo(encoding(before, "m"));
    assertThat(after.encodings()).doesNotContainKey("m");
    assertThat(distance(before, after)).isGreaterThan(30);
  }

  private static Graph one(float gamma, float... weights) {
    return Net.input(3, 8, 8)
        .constant("a.weight", Tensor.of(weights, weights.length / 3, 3, 1, 1))
        .op("a", "Conv", List.of("x", "a.weight"))
        .constant("g", Tensor.of(new float[] {gamma}, 1))
        .constant("b", Tensor.of(new float[] {0.25f}, 1))
        .constant("m", Tensor.of(new float[] {0.5f}, 1))
        .constant("v", Tensor.of(new float[] {4}, 1))
        .op("y", "BatchNormalization", List.of("a", "g", "b", "m", "v"), "epsilon", 0f)
        .build("y");
  }

  /** −128 has no mirror image: here the grid becomes 128/127 as wide. */
  @Test
  void a_mirrored_grid_still_covers_the_most_negative_weight() {
    Simulation before = calibrated(one(-2, -1.28f, 0.3f, 0.7f));
    assertThat(levels(before, "a.weight")).containsExactly(-128, 30, 70);

    FoldedNorms folded = FoldToScale.fold(before);

    Simulation after = folded.simulation();
    assertThat(folded.norms().get(0).changed()).isEqualTo(1);
    assertThat(after.graph().initializer("a.weight").floats()).containsExactly(1.28f, -0.3f, -0.7f);
    assertThat(encoding(after, "a.weight").first().scale()).isEqualTo((float) (1.28 / 127));
    assertThat(levels(after, "a.weight")).containsExactly(127, -30, -69);
  }

  @Test
  void a_mirrored_grid_keeps_its_codes_where_all_have_a_mirror_image() {
    FoldedNorms folded = FoldToScale.fold(calibrated(one(-2, -1.2f, 0.3f, 1.27f)));

    assertThat(folded.norms().get(0).changed()).isZero();
    assertThat(levels(folded.simulation(), "a.weight")).containsExactly(120, -30, -127);
    assertThat(folded.simulation().graph().initializer("a.bias").floats())
        .containsExactly(0.25f - -1 * 0.5f);
  }

  @Test
  void a_factor_of_zero_leaves_the_constant() {
    Simulation before = calibrated(one(0, -1.2f, 0.3f, 1.27f));

    FoldedNorms folded = FoldToScale.fold(before);

    assertThat(folded.norms().get(0).changed()).isEqualTo(1);
    assertThat(levels(folded.simulation(), "a.weight")).containsExactly(0, 0, 0);
    assertThat(distance(before, folded.simulation())).isInfinite();
  }

  @Test
  void a_factor_that_is_no_number_is_refused() {
    assertThatThrownBy(
            () -> FoldToScale.fold(calibrated(one(Float.POSITIVE_INFINITY, 1.2f, 0.3f, 1))))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("NaN or infinity");
    Simulation finite = calibrated(one(1, 1.2f, 0.3f, 1));
    Graph wrecked = finite.graph().withInitializers(Map.of("v", Tensor.of(new float[] {-1}, 1)));
    assertThatThrownBy(() -> FoldToScale.fold(new Simulation(wrecked, finite.encodings())))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "batch normalization `y`: expected a finite γ/√(σ² + ε), found NaN in channel 0");
  }

  /** Linear layers are folded where the config computes them with their normalization. */
  @Test
  void products_are_folded_too() {
    Graph graph =
        Net.input(3, 8, 8)
            .op("p", "GlobalAveragePool", List.of("x"))
            .op("f", "Flatten", List.of("p"))
            .random("a.weight", 3, 6)
            .op("a", "MatMul", List.of("f", "a.weight"))
            .batchNorm("m", "a", 6)
            .op("r", "Relu", List.of("m"))
            .linear("b", "r", 5, 6)
            .batchNorm("y", "b", 5)
            .build("y");
    Simulation before = calibrated(graph, "int8", "a", "b");

    FoldedNorms folded = FoldToScale.fold(before);

    assertThat(folded.norms()).allMatch(FoldedNorms.Norm::folded);
    assertThat(folded.simulation().graph().operators())
        .filteredOn(n -> n.name().equals("a") || n.name().equals("b"))
        .allMatch(n -> n.type().equals("Gemm"));
    assertThat(quantizer(folded.simulation().graph(), "a.weight").placement().operator())
        .isEqualTo("Gemm");
    assertThat(distance(before, folded.simulation())).isGreaterThan(35);
  }

  /** AIMET's config quantizes γ; the layer takes γ as the simulation computes with it. */
  @Test
  void quantized_parameters_go_in_with_their_quantized_values() {
    Graph graph =
        Net.input(3, 8, 8)
            .conv("a", "x", 2, 3, 1, 1)
            .constant("g", Tensor.of(new float[] {1.27f, 0.504f}, 2))
            .constant("b", Tensor.of(new float[] {1, 2}, 2))
            .constant("m", Tensor.of(new float[] {0, 0}, 2))
            .constant("v", Tensor.of(new float[] {1, 1}, 2))
            .op("y", "BatchNormalization", List.of("a", "g", "b", "m", "v"), "epsilon", 0f)
            .build("y");
    Simulation before = calibrated(graph, "per_channel", "a");
    double step = encoding(before, "g").first().scale();

    FoldedNorms folded = FoldToScale.fold(before);

    double expected = Math.rint(0.504 / step) * step;
    assertThat(Math.abs(expected - 0.504)).isGreaterThan(1e-4);
    assertThat(folded.norms().get(0).factors().get(1)).isCloseTo(expected, offset(1e-6));
    assertThat(distance(before, folded.simulation())).isGreaterThan(60);
  }

  private static org.assertj.core.data.Offset<Double> offset(double tolerance) {
    return org.assertj.core.data.Offset.offset(tolerance);
  }

  @Test
  void a_bias_is_quantized_where_the_config_says_so() {
    String config =
        """
        {"defaults": {"ops": {"is_output_quantized": "True"},
                      "params": {"is_quantized": "True", "is_symmetric": "True"},
                      "per_channel_quantization": "True"},
         "params": {}, "op_type": {},
         "supergroups": [{"op_list": ["Conv", "BatchNormalization"]}],
         "model_input": {"is_input_quantized": "True"}, "model_output": {}}
        """;
    Graph graph =
        Net.input(3, 8, 8)
            .convNoBias("a", "x", 4, 3, 3, 3)
            .batchNorm("m", "a", 4)
            .conv("b", "m", 4, 4, 3, 3)
            .batchNorm("y", "b", 4)
            .build("y");
    Simulation before =
        Calibrator.calibrate(
                Placement.place(
                    graph, RuntimeConfig.parse("all", config), PlacementOptions.DEFAULT),
                DATA)
            .simulation();

    Simulation after = FoldToScale.fold(before).simulation();

    for (String bias : List.of("a.bias", "b.bias")) {
      QuantizerNode quantizer = quantizer(after.graph(), bias);
      assertThat(quantizer.enabled()).isTrue();
      assertThat(quantizer.placement().kind()).isEqualTo(Kind.BIAS);
      assertThat(encoding(after, bias).grids()).hasSize(4);
    }
    assertThat(distance(before, after)).isGreaterThan(30);
  }

  static Stream<Object[]> obstacles() {
    return Stream.of(
        new Object[] {
          Net.input(3, 8, 8).conv("a", "x", 4, 3, 3, 3).batchNorm("y", "a", 4).build("y"),
          "per_channel",
          "`y`: `a` is quantized in front of it"
        },
        new Object[] {
          Net.input(3, 8, 8).op("a", "Relu", List.of("x")).batchNorm("y", "a", 3).build("y"),
          "int8",
          "`y`: `a` is quantized in front of it"
        },
        new Object[] {
          Net.input(3, 8, 8).batchNorm("y", "x", 3).op("z", "Relu", List.of("y")).build("z"),
          "int8",
          "`y`: `x` is quantized in front of it"
        },
        new Object[] {
          Net.input(3, 8, 8)
              .op("a", "MaxPool", List.of("x"), "kernel_shape", List.of(2L, 2L))
              .batchNorm("y", "a", 3)
              .build("y"),
          "int8",
          "`y`: no convolution, and no product with a constant weight, writes `a`"
        });
  }

  @ParameterizedTest
  @MethodSource("obstacles")
  void what_cannot_be_folded_is_refused_with_the_reason(Graph graph, String config, String reason) {
    Simulation simulation = calibrated(graph, config);

    assertThatThrownBy(() -> FoldToScale.fold(simulation))
        .isInstanceOf(QalibreException.class)
        .hasMessage("foldBatchNorms: net has no batch normalization that can be folded: " + reason);
  }

  @Test
  void a_network_without_normalizations_is_refused() {
    Simulation simulation = calibrated(Net.input(3, 8, 8).conv("y", "x", 4, 3, 3, 3).build("y"));

    assertThatThrownBy(() -> FoldToScale.fold(simulation))
        .isInstanceOf(QalibreException.class)
        .hasMessage("foldBatchNorms: net has no batch normalization to fold");
  }

  /** Reasons to stay, beside one that is folded. */
  @Test
  void normalizations_that_stay_say_why() {
    Graph graph =
        Net.input(3, 8, 8)
            .conv("a", "x", 4, 3, 3, 3)
            .batchNorm("m", "a", 4)
            .conv("b", "m", 4, 4, 1, 1)
            .batchNorm("n", "b", 4)
            .op("c", "Conv", List.of("n", "b.weight"))
            .batchNorm("o", "c", 4)
            .op("both", "Add", List.of("c", "o"))
            .conv("d", "both", 4, 4, 1, 1)
            .batchNorm("p", "d", 4)
            .conv("e", "p", 4, 4, 1, 1)
            .batchNorm("q", "e", 4)
            .op("f", "Conv", List.of("q", "f.weight", "e.bias"))
            .random("f.weight", 4, 4, 1, 1)
            .op("y", "Relu", List.of("f"))
            .build("y");
    PlacementOptions options =
        PlacementOptions.DEFAULT.with(new QuantizerEdit.Blocks("d.weight", 4, 2, 0));

    Simulation before = calibrated(graph, "int8", options, "c");
    FoldedNorms folded = FoldToScale.fold(before);

    assertThat(folded.norms())
        .extracting(FoldedNorms.Norm::reason)
        .containsExactly(
            "",
            "something else reads `b.weight` as well",
            "something else reads `c` as well",
            "`d.weight` has blocks, not one grid for each output channel",
            "its parameters, or the layer's bias, are no constants of their own");
    assertThat(folded.summary()).startsWith("1 of 5 batch normalizations folded to scales, ");
    assertThat(folded.statistics())
        .extracting(BatchNormFolding.Folded::batchNorm)
        .containsOnly("m");
    assertThat(folded.table().columnNames())
        .containsExactly(
            "batch norm",
            "layer",
            "folded",
            "channels",
            "mirrored",
            "other codes",
            "smallest factor",
            "largest factor",
            "reason");
    assertThat(folded.table().rowCount()).isEqualTo(5);
    assertThat(folded.chart().charts()).hasSize(1);
    assertThat(distance(before, folded.simulation())).isGreaterThan(30);
  }

  @Test
  void a_weight_with_a_single_grid_stays() {
    Simulation simulation =
        calibrated(
            Net.input(3, 8, 8).conv("a", "x", 4, 3, 3, 3).batchNorm("y", "a", 4).build("y"),
            "per_tensor",
            "a");

    assertThatThrownBy(() -> FoldToScale.fold(simulation))
        .isInstanceOf(QalibreException.class)
        .hasMessageEndingWith(
            "`y`: `a.weight` has a single grid, not one grid for each output channel");
  }
}
