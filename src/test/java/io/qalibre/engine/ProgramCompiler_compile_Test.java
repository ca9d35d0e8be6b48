package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ProgramCompiler_compile_Test {
  private static final QuantizerSpec SPEC =
      QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC);
  private static final List<Encoding> GRIDS =
      List.of(
          Encoding.of(0.0123, -100, 255, 8, false),
          Encoding.of(0.0123, 0, 255, 8, false),
          Encoding.of(0.0123, -255, 255, 8, false),
          Encoding.of(0.3, -8, 15, 4, true),
          Encoding.of(1.7e-4, -30000, 65535, 16, false));

  private static QuantizerNode quantizer(String tensor, boolean enabled) {
    return new QuantizerNode(
        tensor,
        tensor,
        tensor,
        tensor + "_qdq",
        SPEC,
        new QuantizerPlacement(QuantizerPlacement.Kind.ACTIVATION, "any", enabled, "test"));
  }

  /** Quantizes a tensor of a graph; what is shown beside it keeps the compiler from fusing. */
  private static Graph quantized(Graph graph, boolean enabled, String tensor, String... shown) {
    GraphBuilder builder = new GraphBuilder(graph.name());
    graph.inputs().forEach(builder::input);
    graph.initializers().forEach(builder::initializer);
    for (Node node : graph.nodes()) {
      builder.node(node);
    }
    builder.node(quantizer(tensor, enabled));
    builder.output(new ValueInfo(tensor + "_qdq", DataType.FLOAT, TensorShape.of(Dim.unknown())));
    for (String more : shown) {
      builder.output(new ValueInfo(more, DataType.FLOAT, TensorShape.of(Dim.unknown())));
    }
    return builder.build();
  }

  private static Simulation simulation(Graph graph, String tensor, Encoding grid) {
    return new Simulation(graph, Map.of(tensor, TensorEncoding.perTensor(grid)));
  }

  private static Net layer() {
    return Net.input(3, 6, 6).conv("c", "x", 4, 3, 3, 3);
  }

  static Stream<Arguments> clamps() {
    Tensor zero = Tensor.scalar(0);
    return Stream.of(
        Arguments.of("Relu", layer().op("r", "Relu", List.of("c")).build("r")),
        Arguments.of(
            "Relu of the input", Net.input(3, 6, 6).op("r", "Relu", List.of("x")).build("r")),
        Arguments.of(
            "Relu of what another node reads",
            layer().op("r", "Relu", List.of("c")).op("z", "Sigmoid", List.of("c")).build("r")),
        Arguments.of("Clip inside the grid", clip(0.111f, 0.777f)),
        Arguments.of("Clip around the grid", clip(-1000, 1000)),
        Arguments.of("Clip above zero", clip(0.5f, 6)),
        Arguments.of("Clip below zero", clip(-6, -0.5f)),
        Arguments.of(
            "Clip without minimum",
            layer()
                .constant("high", Tensor.scalar(0.5f))
                .op("r", "Clip", List.of("c", "", "high"))
                .build("r")),
        Arguments.of(
            "Clip without maximum",
            layer().constant("low", zero).op("r", "Clip", List.of("c", "low")).build("r")),
        Arguments.of(
            "Clip with attributes",
            layer().op("r", "Clip", List.of("c"), "min", 0f, "max", 1f).build("r")),
        Arguments.of(
            "Clip after Relu",
            layer()
                .constant("low", zero)
                .constant("high", Tensor.scalar(0.5f))
                .op("a", "Relu", List.of("c"))
                .op("r", "Clip", List.of("a", "low", "high"))
                .build("r")));
  }

  private static Graph clip(float low, float high) {
    return layer()
        .constant("low", Tensor.scalar(low))
        .constant("high", Tensor.scalar(high))
        .op("r", "Clip", List.of("c", "low", "high"))
        .build("r");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("clamps")
  void a_clamp_in_one_with_a_quantizer_gives_the_numbers_of_the_two(String what, Graph graph) {
    Map<String, Tensor> input = Map.of("x", Net.data(1, 4, 3, 6, 6));
    Tensor exact = Runner.run(Simulation.of(graph), input).get("r");
    for (Encoding grid : GRIDS) {
      Simulation fused = simulation(quantized(graph, true, "r"), "r", grid);
      Simulation unfused = simulation(quantized(graph, true, "r", "r"), "r", grid);

      Tensor one = Runner.run(fused, input).get("r_qdq");

      assertThat(code(fused)).hasSizeLessThan(code(unfused).length());
      assertThat(one).isEqualTo(Runner.run(unfused, input).get("r_qdq"));
      assertThat(one.floats())
          .usingComparatorWithPrecision(0f)
          .containsExactly(
              FakeQuantizer.apply(exact.floats(), exact.sizes(), TensorEncoding.perTensor(grid)));
    }
  }

  private static String code(Simulation simulation) {
    return ProgramCompiler.compile(simulation.graph(), Mode.INFER).code();
  }

  @Test
  void a_tensor_that_others_read_is_not_overwritten() {
    Graph graph =
        layer()
            .op("r", "Relu", List.of("c"))
            .op("s", "Sigmoid", List.of("c"))
            .op("t", "Add", List.of("c", "s"))
            .build("r");
    Graph quantized = quantized(graph, true, "r", "c", "t");
    Map<String, Tensor> input = Map.of("x", Net.data(1, 2, 3, 6, 6));
    Map<String, Tensor> simulated = Runner.run(simulation(quantized, "r", GRIDS.get(3)), input);
    Map<String, Tensor> exact =
        Runner.run(Simulation.of(quantized(graph, false, "r", "c", "t")), input);

    assertThat(simulated.get("c")).isEqualTo(exact.get("c"));
    assertThat(simulated.get("t")).isEqualTo(exact.get("t"));
    assertThat(simulated.get("r_qdq")).isNotEqualTo(exact.get("r_qdq"));
  }

  @Test
  void the_callers_input_and_the_weights_are_not_overwritten() {
    Graph graph =
        quantized(Net.input(3, 6, 6).op("r", "Relu", List.of("x")).build("r"), true, "r", "x");
    Tensor input = Net.data(1, 2, 3, 6, 6);
    Simulation simulation = simulation(graph, "r", GRIDS.get(3));

    Map<String, Tensor> outputs = Runner.run(simulation, Map.of("x", input));

    assertThat(outputs.get("x")).isEqualTo(input).isEqualTo(Net.data(1, 2, 3, 6, 6));
    assertThat(Runner.run(simulation, Map.of("x", input))).isEqualTo(outputs);
  }

  @Test
  void a_disabled_quantizer_passes_everything_through() {
    Graph graph = layer().op("r", "Relu", List.of("c")).build("r");
    Map<String, Tensor> input = Map.of("x", Net.data(1, 2, 3, 6, 6));

    Tensor through = Runner.run(Simulation.of(quantized(graph, false, "r")), input).get("r_qdq");

    assertThat(through).isEqualTo(Runner.run(Simulation.of(graph), input).get("r"));
  }

  @Test
  void an_enabled_quantizer_without_encoding_is_named() {
    Graph graph = quantized(layer().op("r", "Relu", List.of("c")).build("r"), true, "r");

    assertThatThrownBy(() -> Runner.run(Simulation.of(graph), Map.of("x", Net.data(1, 2, 3, 6, 6))))
        .isInstanceOf(UnknownNameException.class)
        .hasMessage("no encoding `r` in net");
  }
}
