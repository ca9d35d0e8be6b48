package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
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

/** {@link QdqForm#SIGNED}: zero points 0, biases floats. */
class QdqGraph_signed_Test {
  private static final Map<String, Tensor> INPUT =
      Map.of("input", SmallNet.normal(new Random(11), 1, 64, 3, 8, 8));

  @TempDir Path dir;

  private static Simulation simulation(Symmetry activations) {
    return simulation(activations, 8);
  }

  private static Simulation simulation(Symmetry activations, int bits) {
    Graph placed = SmallNet.placed(true, activations);
    List<Node> nodes = placed.nodes().stream().map(node -> ofBits(node, bits)).toList();
    Graph changed = placed.toBuilder().nodes(nodes).build();
    return Calibrator.calibrate(changed, SmallNet.samples(4)).simulation();
  }

  private static Node ofBits(Node node, int bits) {
    return node instanceof QuantizerNode q && !q.parameter()
        ? q.withSpec(q.spec().withFormat(NumberFormat.integer(bits)))
        : node;
  }

  private Path write(Simulation simulation, QdqForm form) {
    Path file = dir.resolve(form + ".onnx");
    OnnxWriter.write(QdqGraph.of(simulation, form), file);
    return file;
  }

  private static Simulation with(Simulation simulation, String id, Encoding grid) {
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(simulation.encodings());
    encodings.put(id, TensorEncoding.perTensor(grid));
    return new Simulation(simulation.graph(), encodings);
  }

  @ParameterizedTest
  @CsvSource({
    "SYMMETRIC, 8, INT8",
    "STRICT, 8, INT8",
    "SYMMETRIC, 4, INT8",
    "SYMMETRIC, 16, INT16",
    "STRICT, 12, INT16"
  })
  void codes_are_signed_zero_points_0_and_biases_floats(
      Symmetry symmetry, int bits, DataType type) {
    Simulation simulation = simulation(symmetry, bits);

    Graph qdq = QdqGraph.of(simulation, QdqForm.SIGNED);

    List<OperatorNode> pairs =
        qdq.operators().stream().filter(node -> node.type().endsWith("eLinear")).toList();
    assertThat(pairs)
        .hasSizeGreaterThan(15)
        .allSatisfy(
            node -> {
              boolean weight = node.input(0).contains("weight");
              Tensor zero = qdq.initializer(node.input(2));
              assertThat(zero.type()).isEqualTo(weight ? DataType.INT8 : type);
              assertThat(zero.longs()).containsOnly(0);
            });
    assertThat(qdq.initializers().values())
        .extracting(Tensor::type)
        .doesNotContain(DataType.INT32, DataType.UINT8, DataType.UINT16);
    for (String bias : List.of("c1.bias", "dw.bias", "fc.bias")) {
      assertThat(qdq.initializer(bias)).isEqualTo(simulation.graph().initializer(bias));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SYMMETRIC, 8",
    "STRICT, 8",
    "SYMMETRIC, 4",
    "STRICT, 5",
    "ASYMMETRIC, 7",
    "UNSIGNED, 7",
    "SYMMETRIC, 16",
    "STRICT, 12",
    "ASYMMETRIC, 15"
  })
  void outputs_and_encodings_are_those_of_the_other_form(Symmetry symmetry, int bits) {
    Simulation simulation = IntegerBiases.round(simulation(symmetry, bits));

    Path signed = write(simulation, QdqForm.SIGNED);

    Path unsigned = write(simulation, QdqForm.UNSIGNED);
    assertThat(UnfusedRuntime.run(signed, INPUT)).isEqualTo(UnfusedRuntime.run(unsigned, INPUT));
    QdqReader.Result result = QdqReader.read(signed);
    Simulation found = result.simulation();
    assertThat(result.integerBias()).isFalse();
    assertThat(found.encodings()).isEqualTo(QdqReader.read(unsigned).simulation().encodings());
    assertThat(found.encoding("relu").first())
        .satisfies(
            grid -> {
              Encoding before = simulation.encoding("relu").first();
              assertThat((float) grid.scale()).isEqualTo((float) before.scale());
              assertThat(grid.offset()).isEqualTo(before.offset());
              assertThat(grid.steps()).isEqualTo(before.steps());
              assertThat(grid.bitwidth()).isEqualTo(bits);
            });
    assertThat(Runner.run(found, INPUT)).isEqualTo(Runner.run(simulation, INPUT));
  }

  @Test
  void exported_again_it_is_the_same_file() {
    Graph exported = QdqGraph.of(simulation(Symmetry.SYMMETRIC), QdqForm.SIGNED);

    Graph again = QdqGraph.of(QdqReader.of(exported, "net").simulation(), QdqForm.SIGNED);

    assertThat(again.nodes()).containsExactlyInAnyOrderElementsOf(exported.nodes());
    assertThat(again.initializers()).isEqualTo(exported.initializers());
    assertThat(again.info()).isEqualTo(exported.info());
  }

  @Test
  void verify_finds_the_simulation_in_it() {
    Simulation simulation = simulation(Symmetry.SYMMETRIC);

    Export export =
        Exporter.export(simulation, dir, "net", ExportOptions.DEFAULT.withQdq(QdqForm.SIGNED));

    assertThat(OnnxReader.read(export.qdq().path()).initializer("relu_zero_point"))
        .isEqualTo(Tensor.ofIntegers(DataType.INT8, new long[1]));
    assertThat(export.qdq().use()).contains("TensorRT");
    Verification verification = export.verify(SmallNet.samples(5));
    assertThat(verification.distances().simulationToUnfused().sqnr()).isGreaterThan(48);
    assertThat(verification.agreement().sqnr()).isGreaterThan(40);
    assertThat(export.verifyLayers(SmallNet.samples(1)).layers())
        .hasSize(6)
        .allSatisfy(layer -> assertThat(layer.largest()).isLessThanOrEqualTo(1));
  }

  @Test
  void constants_that_are_data_are_signed_too() {
    QuantizerSpec spec = QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.SYMMETRIC);
    QuantizerPlacement placement = new QuantizerPlacement(Kind.ACTIVATION, "", true, "test");
    ValueInfo value = new ValueInfo("x", DataType.FLOAT, TensorShape.of(3));
    Graph graph =
        new GraphBuilder("sum")
            .input(value)
            .output(new ValueInfo("y", DataType.FLOAT, TensorShape.of(3)))
            .initializer("c", Tensor.of(new float[] {-1, 0.5f, 0.25f}, 3))
            .nodes(
                List.of(
                    new QuantizerNode("c", "c", "c", "c_qdq", spec, placement),
                    new OperatorNode(
                        "add", "Add", List.of("x", "c_qdq"), List.of("y"), Attributes.NONE)))
            .build();
    Encoding grid = Encoding.of(1 / 128.0, -128, 255, 8, true);
    Simulation simulation = new Simulation(graph, Map.of("c", TensorEncoding.perTensor(grid)));

    Graph qdq = QdqGraph.of(simulation, QdqForm.SIGNED);

    assertThat(qdq.initializer("c_q"))
        .isEqualTo(Tensor.ofIntegers(DataType.INT8, new long[] {-128, 64, 32}, 3));
    assertThat(QdqGraph.of(simulation).initializer("c_q"))
        .isEqualTo(Tensor.ofIntegers(DataType.UINT8, new long[] {0, 192, 160}, 3));
    assertThat(QdqReader.of(qdq, "sum").simulation().encoding("c").first()).isEqualTo(grid);
  }

  @Test
  void asymmetric_activations_are_refused_with_the_remedy() {
    Simulation simulation = simulation(Symmetry.SYMMETRIC);
    Simulation asymmetric = with(simulation, "add", Encoding.of(0.1, -100, 255, 8, false));

    assertThatThrownBy(() -> QdqGraph.of(asymmetric, QdqForm.SIGNED))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "QdqForm.SIGNED: expected codes that fit into signed types with zero points 0, found\n"
                + "  `add`: codes -100 … 155 in int8, which has -128 … 127\n"
                + "asymmetric grids: quantize symmetrically,"
                + " QuantConfig…withSymmetric(\"activation\", true)");
  }

  @Test
  void all_tensors_that_do_not_fit_are_named() {
    Simulation simulation =
        with(simulation(Symmetry.UNSIGNED), "input", Encoding.of(0.1, 0, 255, 8, false));

    assertThatThrownBy(() -> QdqGraph.of(simulation, QdqForm.SIGNED))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll(
            "`input`: codes 0 … 255 in int8",
            "`relu`: codes 0 … 255 in int8",
            "`add`: codes 0 … 255 in int8",
            "withSymmetric(\"activation\", true)",
            "from 0 on: the config's unsigned_symmetric has to be \"False\"");
  }

  @Test
  void asymmetric_weights_are_refused_with_the_remedy() {
    Simulation simulation = simulation(Symmetry.SYMMETRIC);
    List<Encoding> grids = new ArrayList<>(simulation.encoding("dw.weight").grids());
    grids.set(3, Encoding.of(grids.get(3).scale(), -90, 255, 8, false));
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(simulation.encodings());
    encodings.put("dw.weight", TensorEncoding.ofAxis(0, grids));

    assertThatThrownBy(
            () -> QdqGraph.of(new Simulation(simulation.graph(), encodings), QdqForm.SIGNED))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll(
            "`dw.weight`: codes -90 … 165 in int8", "withSymmetric(\"weight\", true)");
  }
}
