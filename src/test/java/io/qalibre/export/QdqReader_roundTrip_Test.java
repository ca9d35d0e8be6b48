package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Simulations exported as QDQ and read back. */
class QdqReader_roundTrip_Test {
  private static final Map<String, Tensor> INPUT =
      Map.of("input", SmallNet.normal(new Random(11), 1, 16, 3, 8, 8));

  @TempDir Path dir;

  private QdqReader.Result exportedAndRead(Simulation simulation) {
    Path file = dir.resolve("net_qdq.onnx");
    OnnxWriter.write(QdqGraph.of(simulation), file);
    return QdqReader.read(file);
  }

  private static Simulation calibrated(boolean perChannel, Symmetry activations) {
    Graph placed = SmallNet.placed(perChannel, activations);
    return IntegerBiases.round(Calibrator.calibrate(placed, SmallNet.samples(4)).simulation());
  }

  @ParameterizedTest
  @CsvSource({
    "true, ASYMMETRIC",
    "false, ASYMMETRIC",
    "true, SYMMETRIC",
    "false, SYMMETRIC",
    "true, STRICT",
    "false, STRICT"
  })
  void quantizers_and_outputs_come_back_to_the_bit(boolean perChannel, Symmetry activations) {
    Simulation simulation = calibrated(perChannel, activations);

    QdqReader.Result result = exportedAndRead(simulation);

    Simulation found = result.simulation();
    assertThat(result.integerBias()).isTrue();
    assertThat(quantizers(found)).isEqualTo(quantizers(simulation));
    assertThat(found.encodings()).hasSameSizeAs(simulation.encodings());
    assertThat(Runner.run(found, INPUT)).isEqualTo(Runner.run(simulation, INPUT));
  }

  @Test
  void the_float_network_has_the_names_it_had() {
    Simulation simulation = calibrated(true, Symmetry.ASYMMETRIC);

    Graph found = FloatGraph.of(exportedAndRead(simulation).simulation().graph());

    Graph before = FloatGraph.of(simulation.graph());
    assertThat(found.nodes()).isEqualTo(before.nodes());
    assertThat(found.inputs()).isEqualTo(before.inputs());
    assertThat(found.outputs()).isEqualTo(before.outputs());
    assertThat(found.initializers().keySet())
        .containsExactlyInAnyOrderElementsOf(before.initializers().keySet());
    assertThat(found.initializer("c1.bias")).isEqualTo(before.initializer("c1.bias"));
  }

  @Test
  void weights_are_the_values_of_their_codes() {
    Simulation simulation = calibrated(true, Symmetry.ASYMMETRIC);

    Tensor found = exportedAndRead(simulation).simulation().graph().initializer("dw.weight");

    Tensor before = simulation.graph().initializer("dw.weight");
    List<Encoding> grids = simulation.encoding("dw.weight").grids();
    float[] values = before.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] = grids.get(i / 9).fakeQuantize(values[i]);
    }
    assertThat(found).isNotEqualTo(before).isEqualTo(Tensor.of(values, 16, 1, 3, 3));
  }

  @ParameterizedTest
  @CsvSource({"ASYMMETRIC", "STRICT"})
  void exported_again_it_is_the_same_file(Symmetry activations) {
    Simulation simulation = calibrated(true, activations);
    Graph exported = QdqGraph.of(simulation);

    Graph again = QdqGraph.of(exportedAndRead(simulation).simulation());

    assertThat(again.nodes()).containsExactlyInAnyOrderElementsOf(exported.nodes());
    assertThat(again.initializers()).isEqualTo(exported.initializers());
    assertThat(again.inputs()).isEqualTo(exported.inputs());
    assertThat(again.outputs()).isEqualTo(exported.outputs());
    assertThat(again.info()).isEqualTo(exported.info());
  }

  @Test
  void what_only_moves_values_has_a_quantizer_that_is_disabled() {
    Graph found = exportedAndRead(calibrated(true, Symmetry.ASYMMETRIC)).simulation().graph();

    List<QuantizerNode> disabled =
        found.quantizers().stream().filter(node -> !node.enabled()).toList();
    assertThat(disabled)
        .extracting(QuantizerNode::tensor, node -> node.placement().rule())
        .containsExactly(
            tuple("pool", "QDQ file: grid-preserving MaxPool"),
            tuple("flat", "QDQ file: grid-preserving Flatten"));
    assertThat(found.quantizers())
        .filteredOn(node -> node.tensor().equals("relu"))
        .singleElement()
        .satisfies(
            node -> {
              assertThat(node.placement().rule()).isEqualTo("QDQ file");
              assertThat(node.placement().operator()).isEqualTo("Relu");
            });
  }

  @Test
  void a_symmetric_grid_without_negative_codes_is_read_as_asymmetric() {
    Simulation simulation = calibrated(true, Symmetry.UNSIGNED);
    assertThat(simulation.encoding("relu").first())
        .satisfies(grid -> assertThat(grid.symmetric() && grid.offset() == 0).isTrue());

    Simulation found = exportedAndRead(simulation).simulation();

    Encoding grid = found.encoding("relu").first();
    assertThat(grid.symmetric()).isFalse();
    assertThat(grid.offset()).isZero();
    assertThat(Runner.run(found, INPUT)).isEqualTo(Runner.run(simulation, INPUT));
  }

  @Test
  void a_bias_added_by_an_operator_of_its_own_stays_there() {
    Simulation simulation = calibrated(true, Symmetry.ASYMMETRIC);
    TensorEncoding grids = simulation.encoding("fc.weight");
    List<Encoding> shifted = new ArrayList<>(grids.grids());
    shifted.set(0, Encoding.of(grids.first().scale(), -100, 255, 8, false));
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(simulation.encodings());
    encodings.put("fc.weight", TensorEncoding.ofAxis(0, shifted));
    Simulation asymmetric = new Simulation(simulation.graph(), encodings);

    Simulation found = exportedAndRead(asymmetric).simulation();

    assertThat(found.encoding("fc.weight").grids())
        .extracting(Encoding::offset)
        .startsWith(-100L, -128L);
    assertThat(found.graph().operators()).extracting(node -> node.type()).contains("Add");
    Encoding output = found.encoding("output").first();
    float[] before = Runner.run(asymmetric, INPUT).get("output").floats();
    float[] after = Runner.run(found, INPUT).get("output").floats();
    for (int i = 0; i < before.length; i++) {
      long distance = output.quantize(before[i]) - output.quantize(after[i]);
      assertThat(Math.abs(distance)).isLessThanOrEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"int8", "per_channel", "per_tensor"})
  void networks_placed_by_a_config_come_back(String config) {
    Graph network = FloatGraph.of(SmallNet.placed(true, Symmetry.ASYMMETRIC));
    Graph placed =
        Placement.place(network, RuntimeConfig.builtIn(config), PlacementOptions.DEFAULT);
    Simulation simulation =
        IntegerBiases.round(Calibrator.calibrate(placed, SmallNet.samples(4)).simulation());

    Simulation found = exportedAndRead(simulation).simulation();

    assertThat(quantizers(found)).isEqualTo(quantizers(simulation));
    assertThat(Runner.run(found, INPUT)).isEqualTo(Runner.run(simulation, INPUT));
  }

  /**
   * What is quantized and how, with the float32 scales that simulations compute with; without the
   * bounds of a Clip, whose quantizers nothing reads.
   */
  private static Map<String, String> quantizers(Simulation simulation) {
    Map<String, String> found = new LinkedHashMap<>();
    for (QuantizerNode node : simulation.graph().quantizers()) {
      if (node.enabled() && isRead(simulation.graph(), node.output())) {
        TensorEncoding encoding = simulation.encoding(node.id());
        String grids =
            encoding.grids().stream()
                .map(g -> "%s·%d/%d".formatted((float) g.scale(), g.offset(), g.steps()))
                .toList()
                .toString();
        found.put(
            node.tensor(),
            "%s %d bits %s symmetric=%s axis %d: %s"
                .formatted(
                    node.placement().kind(),
                    node.spec().bitwidth(),
                    node.spec().symmetry(),
                    encoding.first().symmetric(),
                    node.spec().axis(),
                    grids));
      }
    }
    return found;
  }

  private static boolean isRead(Graph graph, String tensor) {
    return graph.isOutput(tensor) || !graph.consumers(tensor).isEmpty();
  }
}
