package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Networks with quantizers of other than 8 bits, of blocks, and of half-precision floats. */
class QdqGraph_formats_Test {
  private static final Map<String, Tensor> INPUT =
      Map.of("input", SmallNet.normal(new Random(11), 1, 16, 3, 8, 8));

  @TempDir Path dir;

  private Path export(Simulation simulation) {
    Path file = dir.resolve("net_qdq.onnx");
    OnnxWriter.write(QdqGraph.of(simulation), file);
    return file;
  }

  private static Simulation simulation(
      Symmetry activations,
      UnaryOperator<QuantizerSpec> activation,
      UnaryOperator<QuantizerSpec> weight) {
    return simulation(
        activations,
        (node, spec) -> node.parameter() ? weight.apply(spec) : activation.apply(spec));
  }

  private interface Change {
    QuantizerSpec of(QuantizerNode node, QuantizerSpec spec);
  }

  private static Simulation simulation(Symmetry activations, Change change) {
    Graph placed = SmallNet.placed(true, activations);
    Graph changed =
        placed.toBuilder()
            .nodes(placed.nodes().stream().map(node -> changed(node, change)).toList())
            .build();
    return IntegerBiases.round(Calibrator.calibrate(changed, SmallNet.samples(4)).simulation());
  }

  private static Node changed(Node node, Change change) {
    return node instanceof QuantizerNode q && q.placement().kind() != Kind.BIAS
        ? q.withSpec(change.of(q, q.spec()))
        : node;
  }

  private static UnaryOperator<QuantizerSpec> bits(int bits) {
    return spec -> spec.withFormat(NumberFormat.integer(bits));
  }

  /** Signal to noise in decibels; infinite for equal values. */
  private static double sqnr(Tensor expected, Tensor found) {
    float[] a = expected.floats();
    float[] b = found.floats();
    double signal = 0;
    double noise = 0;
    for (int i = 0; i < a.length; i++) {
      signal += (double) a[i] * a[i];
      noise += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return 10 * Math.log10(signal / noise);
  }

  private static void assertClose(Tensor expected, Tensor found, int bits) {
    // One code of the output is the range's 2^bits-th part: noise of one in ten codes being off by
    // one lies 10 dB below that of rounding.
    assertThat(sqnr(expected, found)).isGreaterThan(6.02 * bits);
  }

  @ParameterizedTest
  @CsvSource({
    "16, 16, ASYMMETRIC",
    "16, 8, ASYMMETRIC",
    "16, 8, SYMMETRIC",
    "16, 4, STRICT",
    "8, 4, ASYMMETRIC",
    "8, 16, SYMMETRIC",
    "4, 4, ASYMMETRIC",
    "4, 8, STRICT",
    "12, 10, ASYMMETRIC",
    "9, 5, SYMMETRIC",
    "7, 6, ASYMMETRIC",
    "5, 3, STRICT",
    "3, 2, ASYMMETRIC",
    "2, 7, SYMMETRIC"
  })
  void codes_of_other_bits_run_and_come_back(int activation, int weight, Symmetry symmetry) {
    Simulation simulation = simulation(symmetry, bits(activation), bits(weight));
    Tensor expected = Runner.run(simulation, INPUT).get("output");

    Path file = export(simulation);

    Simulation found = QdqReader.read(file).simulation();
    assertThat(OnnxReader.read(file).info().opset())
        .isEqualTo(activation <= 8 && weight > 4 && weight <= 8 ? 17 : 21);
    assertThat(Runner.run(found, INPUT).get("output"))
        .satisfies(o -> assertClose(expected, o, activation));
    assertClose(expected, UnfusedRuntime.run(file, INPUT).get("output"), activation);
    try (OrtModel model = OrtModel.open(file, 1)) {
      assertClose(expected, model.run(INPUT).get("output"), activation);
    }
    for (QuantizerNode node : simulation.graph().quantizers()) {
      if (node.enabled() && node.parameter()) {
        int stored = weight <= 4 ? 4 : weight <= 8 ? 8 : 16;
        assertThat(found.encoding(node.id()).bitwidth()).isEqualTo(stored);
      } else if (node.enabled()) {
        Encoding grid = simulation.encoding(node.id()).first();
        Encoding read = found.encoding(node.id()).first();
        assertThat(read.bitwidth()).isEqualTo(activation);
        assertThat(read.steps()).isEqualTo(grid.steps());
        assertThat(read.offset()).isEqualTo(grid.offset());
        assertThat((float) read.scale()).isEqualTo((float) grid.scale());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"8, 8, 0", "8, 4, 0", "16, 4, 0", "8, 4, 4", "16, 16, 0"})
  void blocks_run_and_come_back(int activation, int weight, int scaleBits) {
    Map<String, Integer> sizes = Map.of("c1.weight", 3, "dw.weight", 1, "fc.weight", 4);
    Simulation simulation =
        simulation(
            Symmetry.ASYMMETRIC,
            (node, spec) ->
                node.parameter()
                    ? bits(weight)
                        .apply(spec)
                        .withGranularity(
                            new Granularity.PerBlock(
                                0, 1, sizes.getOrDefault(node.tensor(), 1), scaleBits))
                    : bits(activation).apply(spec));
    Tensor expected = Runner.run(simulation, INPUT).get("output");

    Path file = export(simulation);

    Graph written = OnnxReader.read(file);
    assertThat(written.initializer("fc.weight_scale").sizes()).containsExactly(10, 4);
    assertThat(written.initializer("c1.weight_scale").sizes()).containsExactly(16, 1, 3, 3);
    assertThat(written.initializers()).containsKey("fc.bias").doesNotContainKey("fc.bias_q");
    Simulation found = QdqReader.read(file).simulation();
    TensorEncoding read = found.encoding("fc.weight");
    assertThat(read.granularity()).isEqualTo(new Granularity.PerBlock(0, 1, 4, 0));
    assertThat(read.grids())
        .extracting(grid -> (float) grid.scale())
        .isEqualTo(
            simulation.encoding("fc.weight").grids().stream().map(g -> (float) g.scale()).toList());
    assertThat(Runner.run(found, INPUT).get("output")).isEqualTo(expected);
    assertClose(expected, UnfusedRuntime.run(file, INPUT).get("output"), activation);
    try (OrtModel model = OrtModel.open(file, 1)) {
      assertClose(expected, model.run(INPUT).get("output"), activation);
    }
  }

  @Test
  void half_floats_are_casts() {
    UnaryOperator<QuantizerSpec> half = spec -> spec.withFormat(NumberFormat.FLOAT16);
    Simulation simulation = simulation(Symmetry.ASYMMETRIC, half, half);
    Tensor expected = Runner.run(simulation, INPUT).get("output");

    Graph qdq = QdqGraph.of(simulation);
    Path file = export(simulation);

    assertThat(qdq.initializer("fc.weight_f16").type()).isEqualTo(DataType.FLOAT16);
    assertThat(qdq.operators()).extracting(OperatorNode::type).doesNotContain("QuantizeLinear");
    assertThat(qdq.info().opset()).isEqualTo(17);
    assertThat(OnnxReader.read(file).initializers()).containsKey("fc.weight");
    // Half floats have 11 bits of fraction.
    assertClose(expected, UnfusedRuntime.run(file, INPUT).get("output"), 11);
    assertThat(Runner.run(Simulation.of(OnnxReader.read(file)), INPUT).get("output"))
        .isEqualTo(expected);
  }

  @Test
  void half_floats_stand_beside_codes() {
    Simulation simulation =
        simulation(
            Symmetry.ASYMMETRIC,
            (node, spec) ->
                node.tensor().equals("fc.weight") || node.tensor().equals("clip")
                    ? spec.withFormat(NumberFormat.FLOAT16)
                    : spec);
    Tensor expected = Runner.run(simulation, INPUT).get("output");

    Path file = export(simulation);

    Simulation found = QdqReader.read(file).simulation();
    assertThat(Runner.run(found, INPUT).get("output")).isEqualTo(expected);
    assertThat(QdqGraph.of(found).operators())
        .filteredOn(node -> node.type().equals("Cast"))
        .extracting(OperatorNode::output)
        .containsExactly("clip_f16", "clip_qdq");
    assertClose(expected, UnfusedRuntime.run(file, INPUT).get("output"), 8);
  }

  @Test
  void weights_are_stored_as_the_simulation_rounds_them() {
    UnaryOperator<QuantizerSpec> away =
        spec -> spec.withFormat(spec.format().withRounding(Rounding.HALF_AWAY));
    Simulation simulation = simulation(Symmetry.ASYMMETRIC, away, away);
    Encoding grid = simulation.encoding("fc.weight").first();
    float[] values = simulation.graph().initializer("fc.weight").floats();
    values[1] = (float) grid.scale() * 2.5f;
    Simulation tie =
        new Simulation(
            simulation.graph().withInitializers(Map.of("fc.weight", Tensor.of(values, 10, 16))),
            simulation.encodings());

    Graph qdq = QdqGraph.of(tie);

    assertThat(qdq.initializer("fc.weight_q").longs()[1]).isEqualTo(3);
    assertClose(
        Runner.run(tie, INPUT).get("output"),
        UnfusedRuntime.run(export(tie), INPUT).get("output"),
        8);
  }
}
