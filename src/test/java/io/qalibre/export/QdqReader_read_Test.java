package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.Runner;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.onnx.OnnxFormatException;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Net;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files in the forms that exporters write. */
class QdqReader_read_Test {
  private static final Map<String, Tensor> INPUT = Map.of("x", Net.data(3, 8, 4));

  @TempDir Path dir;

  private static Tensor bytes(DataType type, int... values) {
    return bytes(type, new long[] {values.length}, values);
  }

  private static Tensor bytes(DataType type, long[] shape, int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return Tensor.of(type, ByteBuffer.wrap(bytes), shape);
  }

  private static Tensor zero(DataType type, int value) {
    return bytes(type, new long[0], value);
  }

  /** A network whose input x of N×4 has a uint8 grid: s = 0.03, z = 100. */
  private static Net quantizedInput() {
    return Net.input(4)
        .constant("s", Tensor.scalar(0.03f))
        .constant("z", zero(DataType.UINT8, 100))
        .op("x_q", "QuantizeLinear", List.of("x", "s", "z"))
        .op("x_dq", "DequantizeLinear", List.of("x_q", "s", "z"));
  }

  private static Simulation read(Graph graph) {
    return QdqReader.of(graph, "file").simulation();
  }

  private static QuantizerNode quantizer(Simulation simulation, String tensor) {
    return simulation.graph().quantizers().stream()
        .filter(node -> node.tensor().equals(tensor))
        .findFirst()
        .orElseThrow();
  }

  /** Networks without sums compute in ONNX Runtime what they do here, to the bit. */
  private Simulation equalInRuntime(Graph open) {
    Graph graph = withShapes(open);
    Simulation simulation = read(graph);
    Path file = dir.resolve("file.onnx");
    OnnxWriter.write(graph, file);
    try (OrtModel model = OrtModel.open(file, 1)) {
      assertThat(Runner.run(simulation, INPUT)).isEqualTo(model.run(INPUT));
    }
    Path again = dir.resolve("again.onnx");
    OnnxWriter.write(QdqGraph.of(simulation), again);
    try (OrtModel model = OrtModel.open(again, 1)) {
      assertThat(model.run(INPUT)).isEqualTo(Runner.run(simulation, INPUT));
    }
    // The float network is a graph in which every tensor is written.
    assertThat(FloatGraph.of(simulation.graph()).outputs()).isEqualTo(graph.outputs());
    return simulation;
  }

  private static Graph withShapes(Graph graph) {
    Map<String, TensorShape> shapes = ShapeInference.infer(read(graph).graph());
    GraphBuilder builder = new GraphBuilder(graph.name()).info(graph.info()).nodes(graph.nodes());
    graph.inputs().forEach(builder::input);
    graph.initializers().forEach(builder::initializer);
    for (ValueInfo output : graph.outputs()) {
      TensorShape shape = Objects.requireNonNull(shapes.get(output.name()));
      builder.output(new ValueInfo(output.name(), DataType.FLOAT, shape));
    }
    return builder.build();
  }

  @Test
  void an_activation_is_a_pair() {
    Simulation found =
        equalInRuntime(quantizedInput().op("y", "Relu", List.of("x_dq")).unchecked("y"));

    QuantizerNode input = quantizer(found, "x");
    assertThat(input.placement().operator()).isEqualTo("input");
    assertThat(input.placement().kind()).isEqualTo(Kind.ACTIVATION);
    assertThat(input.input()).isEqualTo("x");
    assertThat(found.encoding("x").first()).isEqualTo(Encoding.of(0.03f, -100, 255, 8, false));
    assertThat(FloatGraph.of(found.graph()).operators())
        .singleElement()
        .satisfies(relu -> assertThat(relu.inputs()).containsExactly("x"));
    assertThat(found.graph().initializers()).isEmpty();
  }

  @Test
  void an_output_keeps_its_name() {
    Graph graph =
        quantizedInput()
            .op("sum", "Relu", List.of("x_dq"))
            .op("sum_q", "QuantizeLinear", List.of("sum", "s", "z"))
            .op("y", "DequantizeLinear", List.of("sum_q", "s", "z"))
            .unchecked("y");

    Simulation found = equalInRuntime(graph);

    assertThat(quantizer(found, "y").input()).isEqualTo("sum");
    assertThat(FloatGraph.of(found.graph()).operators())
        .singleElement()
        .satisfies(relu -> assertThat(relu.outputs()).containsExactly("y"));
  }

  @Test
  void codes_may_be_signed_and_zero_points_left_out() {
    Graph signed =
        Net.input(4)
            .constant("s", Tensor.scalar(0.02f))
            .constant("z", zero(DataType.INT8, -28))
            .op("q", "QuantizeLinear", List.of("x", "s", "z"))
            .op("y", "DequantizeLinear", List.of("q", "s", "z"))
            .unchecked("y");
    Graph without =
        Net.input(4)
            .constant("s", Tensor.scalar(0.02f))
            .op("q", "QuantizeLinear", List.of("x", "s"))
            .op("y", "DequantizeLinear", List.of("q", "s"))
            .unchecked("y");

    assertThat(equalInRuntime(signed).encoding("y").first())
        .isEqualTo(Encoding.of(0.02f, -100, 255, 8, false));
    assertThat(equalInRuntime(without).encoding("y").first())
        .isEqualTo(Encoding.of(0.02f, 0, 255, 8, false));
  }

  @Test
  void a_newer_file_says_the_codes_type_in_an_attribute() {
    Graph graph =
        Net.input(4)
            .constant("s", Tensor.scalar(0.02f))
            .op("q", "QuantizeLinear", List.of("x", "s"), "output_dtype", 3L, "saturate", 1L)
            .op("y", "DequantizeLinear", List.of("q", "s"))
            .unchecked("y");

    Simulation found =
        equalInRuntime(graph.toBuilder().info(new ModelInfo(21, 10, "", "", Map.of())).build());

    assertThat(found.encoding("y").first()).isEqualTo(Encoding.of(0.02f, -128, 255, 8, true));
  }

  @Test
  void sixteen_bits_are_read_in_either_domain() {
    Graph graph =
        Net.input(4)
            .constant("s", Tensor.scalar(1e-4f))
            .op("q", "com.microsoft::QuantizeLinear", List.of("x", "s"), "output_dtype", 5L)
            .op("y", "com.microsoft::DequantizeLinear", List.of("q", "s"))
            .unchecked("y");

    Encoding found = read(graph).encoding("y").first();

    assertThat(found).isEqualTo(Encoding.of(1e-4f, -32768, 65535, 16, true));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -2})
  void a_stored_weight_has_a_grid_a_channel(long axis) {
    Tensor codes = bytes(DataType.INT8, new long[] {2, 4}, 1, -2, 3, -4, 127, -128, 0, 5);
    Graph graph =
        quantizedInput()
            .constant("w_q", codes)
            .constant("w_scale", Tensor.of(new float[] {0.5f, 0.1f}, 2))
            .constant("w_zero_point", bytes(DataType.INT8, 0, 0))
            .op(
                "w_qdq",
                "DequantizeLinear",
                List.of("w_q", "w_scale", "w_zero_point"),
                "axis",
                axis)
            .op("y", "Gemm", List.of("x_dq", "w_qdq"), "transB", 1L)
            .unchecked("y");

    Simulation found = read(graph);

    QuantizerNode weight = quantizer(found, "w");
    assertThat(weight.placement().kind()).isEqualTo(Kind.WEIGHT);
    assertThat(weight.spec().axis()).isZero();
    assertThat(found.encoding("w").grids())
        .containsExactly(
            Encoding.of(0.5f, -128, 255, 8, true), Encoding.of(0.1f, -128, 255, 8, true));
    assertThat(found.graph().initializer("w"))
        .isEqualTo(
            Tensor.of(new float[] {0.5f, -1, 1.5f, -2, 127 * 0.1f, -128 * 0.1f, 0, 0.5f}, 2, 4));
  }

  @Test
  void a_weight_of_floats_keeps_them() {
    Graph graph =
        quantizedInput()
            .random("w", 4, 3)
            .constant("ws", Tensor.scalar(0.01f))
            .constant("wz", zero(DataType.INT8, 0))
            .op("w_codes", "QuantizeLinear", List.of("w", "ws", "wz"))
            .op("w_dq", "DequantizeLinear", List.of("w_codes", "ws", "wz"))
            .op("y", "MatMul", List.of("x_dq", "w_dq"))
            .unchecked("y");

    Simulation found = read(graph);

    assertThat(found.graph().initializer("w")).isEqualTo(graph.initializer("w"));
    assertThat(quantizer(found, "w").placement().kind()).isEqualTo(Kind.WEIGHT);
    assertThat(found.encoding("w").first()).isEqualTo(Encoding.of(0.01f, -128, 255, 8, true));
  }

  @Test
  void a_bias_of_integers_is_a_plain_float() {
    Graph graph =
        quantizedInput()
            .random("w", 2, 4)
            .constant("b_quantized", Tensor.of(new int[] {1_000_003, -7}, 2))
            .constant("bs", Tensor.of(new float[] {0.003f, 0.0007f}, 2))
            .op("b", "DequantizeLinear", List.of("b_quantized", "bs"), "axis", 0L)
            .op("y", "Gemm", List.of("x_dq", "w", "b"), "transB", 1L)
            .unchecked("y");

    QdqReader.Result found = QdqReader.of(graph, "file");

    assertThat(found.integerBias()).isTrue();
    assertThat(found.simulation().graph().quantizers()).hasSize(1);
    assertThat(found.simulation().graph().initializer("b"))
        .isEqualTo(
            Tensor.of(
                new float[] {
                  (float) (1_000_003 * (double) 0.003f), (float) (-7 * (double) 0.0007f)
                },
                2));
  }

  @Test
  void onnx_runtimes_names_are_known() {
    Graph graph =
        quantizedInput()
            .constant("fc.weight_quantized", bytes(DataType.UINT8, new long[] {4, 1}, 1, 2, 3, 4))
            .constant("ws", Tensor.scalar(0.1f))
            .constant("wz", zero(DataType.UINT8, 2))
            .op(
                "fc.weight_DequantizeLinear_Output",
                "DequantizeLinear",
                List.of("fc.weight_quantized", "ws", "wz"))
            .op("y", "MatMul", List.of("x_dq", "fc.weight_DequantizeLinear_Output"))
            .unchecked("y");

    Simulation found = read(graph);

    assertThat(found.graph().initializer("fc.weight"))
        .isEqualTo(Tensor.of(new float[] {-0.1f, 0, 0.1f, 0.2f}, 4, 1));
    assertThat(quantizer(found, "fc.weight").output())
        .isEqualTo("fc.weight_DequantizeLinear_Output");
  }

  @Test
  void a_constant_of_another_name_has_that_of_what_is_read() {
    Graph graph =
        quantizedInput()
            .constant("codes", bytes(DataType.UINT8, new long[] {4}, 1, 2, 3, 4))
            .constant("ws", Tensor.scalar(0.5f))
            .op("w", "DequantizeLinear", List.of("codes", "ws"))
            .op("y", "Mul", List.of("x_dq", "w"))
            .unchecked("y");

    Simulation found = equalInRuntime(graph);

    assertThat(found.graph().initializer("w"))
        .isEqualTo(Tensor.of(new float[] {0.5f, 1, 1.5f, 2}, 4));
    assertThat(quantizer(found, "w").output()).isEqualTo("w_qdq");
    assertThat(quantizer(found, "w").placement().kind()).isEqualTo(Kind.ACTIVATION);
  }

  @Test
  void bounds_stay_constants() {
    Graph graph =
        quantizedInput()
            .constant("low_q", zero(DataType.UINT8, 0))
            .constant("high", Tensor.scalar(1.04f))
            .constant("bs", Tensor.scalar(0.5f))
            .op("low_dq", "DequantizeLinear", List.of("low_q", "bs"))
            .op("high_q", "QuantizeLinear", List.of("high", "bs"))
            .op("high_dq", "DequantizeLinear", List.of("high_q", "bs"))
            .op("y", "Clip", List.of("x_dq", "low_dq", "high_dq"))
            .unchecked("y");

    Simulation found = equalInRuntime(graph);

    assertThat(found.graph().quantizers()).hasSize(1);
    assertThat(found.graph().initializers())
        .isEqualTo(Map.of("low", Tensor.scalar(0), "high_dq", Tensor.scalar(1)));
  }

  @Test
  void a_constant_may_be_bound_and_data() {
    Graph graph =
        quantizedInput()
            .constant("c", Tensor.scalar(1.04f))
            .constant("bs", Tensor.scalar(0.5f))
            .op("c_q", "QuantizeLinear", List.of("c", "bs"))
            .op("c_dq", "DequantizeLinear", List.of("c_q", "bs"))
            .op("clip", "Clip", List.of("x_dq", "", "c_dq"))
            .op("y", "Add", List.of("clip", "c_dq"))
            .unchecked("y", "c_dq");

    Simulation found = equalInRuntime(graph);

    assertThat(found.graph().initializer("c_dq")).isEqualTo(Tensor.scalar(1));
    assertThat(quantizer(found, "c").input()).isEqualTo("c");
  }

  @Test
  void several_readers_of_the_same_codes_share_a_quantizer() {
    Graph graph =
        quantizedInput()
            .op("x_dq2", "DequantizeLinear", List.of("x_q", "s", "z"))
            .op("x_q3", "QuantizeLinear", List.of("x", "s", "z"))
            .op("x_dq3", "DequantizeLinear", List.of("x_q3", "s", "z"))
            .op("a", "Relu", List.of("x_dq"))
            .op("b", "Tanh", List.of("x_dq2"))
            .op("y", "Max", List.of("x_dq3", "x_dq3"))
            .unchecked("a");

    Simulation found = read(graph);

    assertThat(found.graph().quantizers()).hasSize(1);
    assertThat(found.graph().operators())
        .allSatisfy(node -> assertThat(node.inputs()).containsOnly("x_dq"));
  }

  @Test
  void a_tensor_may_be_quantized_twice_and_again() {
    Graph graph =
        quantizedInput()
            .constant("t", Tensor.scalar(0.11f))
            .op("x_q2", "QuantizeLinear", List.of("x", "t"))
            .op("x_dq2", "DequantizeLinear", List.of("x_q2", "t"))
            .op("again_q", "QuantizeLinear", List.of("x_dq", "t"))
            .op("again", "DequantizeLinear", List.of("again_q", "t"))
            .op("again_dq", "DequantizeLinear", List.of("again_q", "t"))
            .op("a", "Add", List.of("x_dq", "x_dq2"))
            .op("y", "Add", List.of("a", "again_dq"))
            .unchecked("y", "again");

    Simulation found = equalInRuntime(graph);

    assertThat(found.graph().quantizers())
        .extracting(QuantizerNode::tensor)
        .containsExactlyInAnyOrder("x", "x_dq2", "again");
    assertThat(FloatGraph.of(found.graph()).operators())
        .extracting(OperatorNode::type)
        .containsExactlyInAnyOrder("Identity", "Identity", "Add", "Add");
  }

  @Test
  void a_network_may_give_out_what_it_quantizes() {
    Graph graph =
        Net.input(4)
            .constant("s", Tensor.scalar(0.1f))
            .op("before", "Relu", List.of("x"))
            .op("q", "QuantizeLinear", List.of("before", "s"))
            .op("after", "DequantizeLinear", List.of("q", "s"))
            .op("too", "DequantizeLinear", List.of("q", "s"))
            .unchecked("before", "after", "too");

    Simulation found = equalInRuntime(graph);

    assertThat(found.graph().quantizers())
        .extracting(QuantizerNode::tensor)
        .containsExactly("after", "too");
  }

  private static void refused(Graph graph, String... messages) {
    assertThatThrownBy(() -> read(graph))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageStartingWith(
            "file: expected pairs of QuantizeLinear and DequantizeLinear, found ")
        .hasMessageContainingAll(messages);
  }

  @Test
  void integers_that_are_computed_are_refused_all_at_once() {
    refused(
        quantizedInput()
            .op("pool", "MaxPool", List.of("x_q"))
            .op("a", "DequantizeLinear", List.of("pool", "s", "z"))
            .op("sum", "QLinearAdd", List.of("x_q", "s", "z", "x_q", "s", "z", "s", "z"))
            .op("b", "DequantizeLinear", List.of("sum", "s", "z"))
            .op("c", "DequantizeLinear", List.of("x", "s", "z"))
            .op("given", "QuantizeLinear", List.of("x", "s", "z"))
            .unchecked("a", "b", "c", "given"),
        "QuantizeLinear `x_q`: expected a DequantizeLinear that reads its codes, found MaxPool `pool`",
        "DequantizeLinear `a`: expected codes that are stored or made by a QuantizeLinear, found"
            + " integers computed by MaxPool `pool`",
        "DequantizeLinear `b`: expected codes that are stored or made by a QuantizeLinear, found"
            + " integers computed by QLinearAdd `sum`",
        "DequantizeLinear `c`: expected codes that are stored or made by a QuantizeLinear, found"
            + " the network's input `x`",
        "QuantizeLinear `given`: expected a DequantizeLinear that reads its codes, found codes as"
            + " the network's output");
  }

  @Test
  void codes_of_4_bits_are_activations_too() {
    Graph graph =
        Net.input(4)
            .constant("s", Tensor.scalar(0.2f))
            .constant("z", Tensor.ofIntegers(DataType.UINT4, new long[] {5}))
            .op("q", "QuantizeLinear", List.of("x", "s", "z"))
            .op("dq", "DequantizeLinear", List.of("q", "s", "z"))
            // Codes know no negative zero.
            .op("y", "Abs", List.of("dq"))
            .unchecked("y")
            .toBuilder()
            .info(new ModelInfo(21, 10, "", "", Map.of()))
            .build();

    Simulation found = equalInRuntime(graph);

    assertThat(found.encoding("x").first()).isEqualTo(Encoding.of(0.2f, -5, 15, 4, false));
  }

  @Test
  void blocks_have_a_channel_axis() {
    float[] scales = {0.1f, 0.2f, 0.3f, 0.4f, 0.1f, 0.2f, 0.3f, 0.4f};
    Net net =
        quantizedInput()
            .constant("codes", Tensor.ofIntegers(DataType.INT8, new long[16], 2, 4, 2))
            .constant("scales", Tensor.of(scales, 2, 2, 2))
            .op("w", "DequantizeLinear", List.of("codes", "scales"), "block_size", 2L)
            .op("y", "MatMul", List.of("x_dq", "w"));
    float[] many = scales.clone();
    many[0] = 0.7f;

    TensorEncoding found = read(net.unchecked("y")).encoding("w");

    assertThat(found.granularity()).isEqualTo(new Granularity.PerBlock(2, 1, 2, 0));
    assertThat(found.grids())
        .extracting(grid -> (float) grid.scale())
        .containsExactly(0.1f, 0.3f, 0.2f, 0.4f);
    refused(
        net.constant("scales", Tensor.of(many, 2, 2, 2)).unchecked(),
        "DequantizeLinear `w`: expected scales that differ along the axis of blocks and one axis of"
            + " channels, found scales 2×2×2 that differ along others too");
  }

  @Test
  void other_grids_are_refused_all_at_once() {
    refused(
        quantizedInput()
            .constant("many", Tensor.of(new float[] {1, 2, 3, 4}, 4))
            .constant("blocks", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2))
            .constant("nothing", Tensor.scalar(0))
            .constant("codes", bytes(DataType.INT8, new long[] {2, 4}, 1, 2, 3, 4, 5, 6, 7, 8))
            .constant("flags", bytes(DataType.BOOL, 1, 0))
            .op("float4", "QuantizeLinear", List.of("x", "s"), "output_dtype", 23L)
            .op("float4_dq", "DequantizeLinear", List.of("float4", "s"))
            .op("float8", "QuantizeLinear", List.of("x", "s"), "output_dtype", 17L)
            .op("float8_dq", "DequantizeLinear", List.of("float8", "s"))
            .op("other", "DequantizeLinear", List.of("x_q", "nothing", "z"))
            .op("another", "DequantizeLinear", List.of("x_q", "s"))
            .op("channels", "QuantizeLinear", List.of("x", "many"))
            .op("channels_dq", "DequantizeLinear", List.of("channels", "many"))
            .op("w", "DequantizeLinear", List.of("codes", "many"), "axis", 0L)
            .op("v", "DequantizeLinear", List.of("codes", "blocks"), "block_size", 3L)
            .op("u", "DequantizeLinear", List.of("codes", "s", "flags"))
            .op("o", "DequantizeLinear", List.of("codes", "s", "many"))
            .op("t", "DequantizeLinear", List.of("codes", "x_dq"))
            .op("r", "DequantizeLinear", List.of("codes", "z"))
            .op("p", "DequantizeLinear", List.of("flags", "s"))
            .unchecked("w"),
        "QuantizeLinear `float4`: expected codes of UINT4, INT4, UINT8, INT8, UINT16, INT16, found"
            + " FLOAT4E2M1",
        "QuantizeLinear `float8`: expected codes of UINT4, INT4, UINT8, INT8, UINT16, INT16, found a FLOAT8 type",
        "DequantizeLinear `other`: not a grid",
        "DequantizeLinear `another`: expected scale and zero point of QuantizeLinear `x_q`, found"
            + " others",
        "QuantizeLinear `channels`: expected one scale for a computed tensor, found 4 scales",
        "DequantizeLinear `w`: expected as many scales as channels on axis 0 of [2, 4], found 4",
        "DequantizeLinear `v`: expected scales of blocks that divide axis 1 of the constant [2, 4],"
            + " found scales 2×2 and block_size 3",
        "DequantizeLinear `u`: expected 1 zero points, one a scale, found 2",
        "DequantizeLinear `o`: expected a zero point of integers, found FLOAT",
        "DequantizeLinear `t`: expected a constant scale, found `x_dq`, which is computed",
        "DequantizeLinear `r`: expected a scale of floats, found UINT8",
        "DequantizeLinear `p`: expected codes of UINT4, INT4, UINT8, INT8, UINT16, INT16, found ONNX's element"
            + " type 9");
  }

  @Test
  void a_float_network_is_refused() {
    refused(
        Net.input(2).op("y", "Relu", List.of("x")).unchecked("y"),
        "none; a float network is read by load");
  }
}
