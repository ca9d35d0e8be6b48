package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.onnx.OnnxReader;
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
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QdqGraph_of_Test {
  @TempDir Path dir;

  @Test
  void holds_operators_only_and_keeps_inputs_and_outputs() {
    Simulation simulation = SmallNet.simulation();

    Graph qdq = QdqGraph.of(simulation);

    assertThat(qdq.quantizers()).isEmpty();
    assertThat(qdq.inputs()).isEqualTo(simulation.graph().inputs());
    assertThat(qdq.outputs()).isEqualTo(simulation.graph().outputs());
  }

  @Test
  void weights_are_codes_and_scales_are_the_simulations_float32() {
    Simulation simulation = SmallNet.simulation();

    Graph qdq = QdqGraph.of(simulation);

    assertThat(qdq.initializers()).doesNotContainKeys("c1.weight", "dw.weight", "fc.weight");
    assertThat(qdq.initializer("c1.weight_q").type()).isEqualTo(DataType.INT8);
    assertThat(qdq.initializer("c1.weight_zero_point").longs()).containsOnly(0);
    float[] scales = qdq.initializer("c1.weight_scale").floats();
    List<Encoding> channels = simulation.encoding("c1.weight").grids();
    for (int c = 0; c < scales.length; c++) {
      assertThat(scales[c]).isEqualTo((float) channels.get(c).scale());
    }
    assertThat(qdq.initializer("relu_zero_point").type()).isEqualTo(DataType.UINT8);
    assertThat(qdq.initializer("relu_zero_point").longs())
        .containsExactly(simulation.encoding("relu").first().zeroPoint());
  }

  @Test
  void biases_are_int32_in_steps_of_input_times_weight() {
    Simulation simulation = SmallNet.simulation();

    Graph qdq = QdqGraph.of(simulation);

    double input = (float) simulation.encoding("input").first().scale();
    double weight = (float) simulation.encoding("c1.weight").grids().get(5).scale();
    float bias = simulation.graph().initializer("c1.bias").floats()[5];
    assertThat(qdq.initializer("c1.bias_q").type()).isEqualTo(DataType.INT32);
    assertThat(qdq.initializer("c1.bias_q").longs()[5])
        .isEqualTo(Math.round(bias / (input * weight)));
  }

  @Test
  void an_operator_that_moves_values_has_its_inputs_grid_on_both_sides() {
    Graph qdq = QdqGraph.of(SmallNet.simulation());

    OperatorNode pool = (OperatorNode) qdq.producer("pool").orElseThrow();
    OperatorNode after = (OperatorNode) qdq.consumers("pool").get(0);
    assertThat(pool.input(0)).isEqualTo("relu_qdq");
    assertThat(after.type()).isEqualTo("QuantizeLinear");
    assertThat(qdq.initializer(after.input(1))).isEqualTo(qdq.initializer("relu_scale"));
    assertThat(qdq.initializer(after.input(2))).isEqualTo(qdq.initializer("relu_zero_point"));
  }

  @Test
  void onnx_runtime_makes_integer_kernels_of_it() throws OrtException {
    Path file = dir.resolve("qdq.onnx");
    Path optimized = dir.resolve("optimized.onnx");
    OnnxWriter.write(QdqGraph.of(SmallNet.simulation()), file);
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizedModelFilePath(optimized.toString());
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.EXTENDED_OPT);
      OrtEnvironment.getEnvironment().createSession(file.toString(), options).close();
    }

    List<String> types =
        OnnxReader.read(optimized).operators().stream().map(OperatorNode::type).toList();

    assertThat(types)
        .containsExactly(
            "QuantizeLinear",
            "QLinearConv",
            "MaxPool",
            "QLinearConv",
            "com.microsoft::QLinearAdd",
            "com.microsoft::QLinearGlobalAveragePool",
            "Flatten",
            "com.microsoft::QGemm",
            "DequantizeLinear");
  }

  @ParameterizedTest
  @EnumSource(Symmetry.class)
  void onnx_runtime_gives_the_simulations_codes(Symmetry symmetry) {
    for (boolean perChannel : List.of(true, false)) {
      Graph placed = SmallNet.placed(perChannel, symmetry);
      Simulation simulation =
          IntegerBiases.round(Calibrator.calibrate(placed, SmallNet.samples(4)).simulation());

      Codes codes =
          compare(
              withQuantizedTensorsAsOutputs(simulation),
              Set.of("input", "relu", "clip", "add", "mean", "output"));

      assertThat(codes.compared).isGreaterThan(100_000);
      assertThat(codes.furthest).isLessThanOrEqualTo(1);
      assertThat(codes.different).isLessThan(codes.compared / 10_000);
    }
  }

  @Test
  void a_bias_that_would_overflow_lets_its_layer_run_in_float() {
    Graph placed = SmallNet.placed(true, Symmetry.ASYMMETRIC);
    float[] weight = placed.initializer("c1.weight").floats();
    for (int i = 0; i < 27; i++) {
      weight[i] *= 1e-9f;
    }
    float[] bias = placed.initializer("c1.bias").floats();
    bias[0] = 20;
    Graph dead =
        placed.withInitializers(
            Map.of("c1.weight", Tensor.of(weight, 16, 3, 3, 3), "c1.bias", Tensor.of(bias, 16)));
    Simulation simulation =
        IntegerBiases.round(Calibrator.calibrate(dead, SmallNet.samples(4)).simulation());

    Graph qdq = QdqGraph.of(simulation);
    // What follows is fed unequal codes where one of these flips, and multiplies the difference.
    Codes codes = compare(withQuantizedTensorsAsOutputs(simulation), Set.of("input", "relu"));

    assertThat(qdq.producer("c1_out").map(node -> ((OperatorNode) node).type())).hasValue("Add");
    assertThat(qdq.initializer("c1_out_bias").sizes()).containsExactly(16, 1, 1);
    assertThat(qdq.initializers()).containsKey("fc.bias_q").doesNotContainKey("c1.bias_q");
    assertThat(codes.furthest).isLessThanOrEqualTo(1);
    assertThat(codes.different).isLessThan(codes.compared / 10_000);
  }

  @Test
  void weights_with_different_zero_points_let_their_layer_run_in_float() {
    Simulation simulation = SmallNet.simulation();
    TensorEncoding grids = simulation.encoding("dw.weight");
    List<Encoding> shifted = new ArrayList<>(grids.grids());
    shifted.set(0, Encoding.of(grids.first().scale(), -100, 255, 8, false));
    Simulation asymmetric =
        IntegerBiases.round(with(simulation, "dw.weight", TensorEncoding.ofAxis(0, shifted)));

    Graph qdq = QdqGraph.of(asymmetric);

    assertThat(qdq.initializer("dw.weight_q").type()).isEqualTo(DataType.UINT8);
    assertThat(qdq.producer("dw_out").map(node -> ((OperatorNode) node).type())).hasValue("Add");
    Codes codes =
        compare(withQuantizedTensorsAsOutputs(asymmetric), Set.of("input", "relu", "clip"));
    assertThat(codes.furthest).isLessThanOrEqualTo(1);
    assertThat(codes.different).isLessThan(codes.compared / 10_000);
  }

  @Test
  void more_bits_than_onnx_has_are_refused() {
    Simulation simulation = SmallNet.simulation();
    long codes = (1L << 20) - 1;
    Simulation fine =
        with(simulation, "relu", TensorEncoding.perTensor(Encoding.of(1e-6, 0, codes, 20, false)));

    assertThatThrownBy(() -> QdqGraph.of(fine))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "`relu` is quantized to 20 bits, and ONNX's QuantizeLinear has 16 at most; disable the"
                + " quantizer, or give it fewer bits");
  }

  @Test
  void an_older_operator_set_is_raised_to_what_is_needed() {
    Simulation simulation = SmallNet.simulation();
    ModelInfo old = new ModelInfo(11, 6, "", "", Map.of());
    Graph graph = simulation.graph().toBuilder().info(old).build();

    Graph qdq = QdqGraph.of(new Simulation(graph, simulation.encodings()));

    assertThat(qdq.info().opset()).isEqualTo(13);
    assertThat(QdqGraph.of(simulation).info().opset()).isEqualTo(17);
  }

  @Test
  void a_quantizer_that_nothing_reads_is_left_out() {
    Simulation simulation = SmallNet.simulation();
    Graph graph = simulation.graph();
    QuantizerNode relu =
        graph.quantizers().stream()
            .filter(q -> q.tensor().equals("relu"))
            .findFirst()
            .orElseThrow();
    QuantizerNode unread =
        new QuantizerNode("high", "high", "high", "high_qdq", relu.spec(), relu.placement());
    List<Node> nodes = new ArrayList<>(graph.nodes());
    nodes.add(0, unread);
    Simulation more =
        with(
            new Simulation(graph.toBuilder().nodes(nodes).build(), simulation.encodings()),
            "high",
            simulation.encoding("relu"));

    assertThat(QdqGraph.of(more).nodes()).isEqualTo(QdqGraph.of(simulation).nodes());
  }

  private static Simulation with(Simulation simulation, String id, TensorEncoding encoding) {
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(simulation.encodings());
    encodings.put(id, encoding);
    return new Simulation(simulation.graph(), encodings);
  }

  private record Codes(long compared, long different, long furthest) {}

  /** The codes of some tensors, in the simulation and in ONNX Runtime. */
  private Codes compare(Simulation simulation, Set<String> tensors) {
    Path file = dir.resolve("codes.onnx");
    OnnxWriter.write(QdqGraph.of(simulation), file);
    Map<String, Tensor> inputs = Map.of("input", SmallNet.normal(new Random(11), 1, 64, 3, 8, 8));
    Map<String, Tensor> expected = Runner.run(simulation, inputs);
    Map<String, Tensor> found;
    try (OrtModel model = OrtModel.open(file, 2)) {
      found = model.run(inputs);
    }
    long compared = 0;
    long different = 0;
    long furthest = 0;
    for (QuantizerNode node : activations(simulation.graph())) {
      if (!tensors.contains(node.tensor())) {
        continue;
      }
      Encoding grid = simulation.encoding(node.id()).first();
      float[] one = expected.get(node.output()).floats();
      float[] other = found.get(node.output()).floats();
      for (int i = 0; i < one.length; i++) {
        long distance = Math.abs(grid.quantize(one[i]) - grid.quantize(other[i]));
        different += distance == 0 ? 0 : 1;
        furthest = Math.max(furthest, distance);
      }
      compared += one.length;
    }
    return new Codes(compared, different, furthest);
  }

  private static Simulation withQuantizedTensorsAsOutputs(Simulation simulation) {
    Graph graph = simulation.graph();
    GraphBuilder builder = graph.toBuilder();
    for (QuantizerNode node : activations(graph)) {
      if (!graph.isOutput(node.output())) {
        builder.output(
            new ValueInfo(
                node.output(), DataType.FLOAT, ShapeInference.infer(graph).get(node.output())));
      }
    }
    return new Simulation(builder.build(), simulation.encodings());
  }

  private static List<QuantizerNode> activations(Graph graph) {
    return graph.quantizers().stream().filter(q -> q.enabled() && !q.parameter()).toList();
  }
}
