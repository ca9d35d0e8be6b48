package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Runner_run_Test {
  private static final Simulation PICTURES =
      Simulation.of(Net.input(3, 32, 32).op("y", "Relu", List.of("x")).build("y"));

  private static Tensor zeros(long... shape) {
    return Tensor.of(
        new float[(int) java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b)], shape);
  }

  private static void assertRefused(Map<String, Tensor> inputs, String message) {
    assertThatThrownBy(() -> Runner.run(PICTURES, inputs))
        .isInstanceOf(QalibreException.class)
        .hasMessage(message);
  }

  @Test
  void inputs_that_do_not_fit_are_named() {
    assertRefused(Map.of(), "input `x` is missing; it takes N×3×32×32");
    assertRefused(Map.of("x", zeros(1, 3, 32)), "input `x` takes N×3×32×32, found 1×3×32");
    assertRefused(
        Map.of("x", zeros(1, 1, 28, 28)),
        "input `x` takes N×3×32×32, found 1×1×28×28; for the datasets of Datasets call .as(3, 32)");
    assertRefused(
        Map.of("x", Tensor.of(new long[3 * 32 * 32], 1, 3, 32, 32)),
        "input `x` takes float32, found int64");
    assertThatThrownBy(() -> Runner.run(PICTURES, Map.of("x", zeros(1, 3, 32, 32), "xx", zeros(1))))
        .isInstanceOf(UnknownNameException.class)
        .hasMessage("no input `xx` in net; did you mean `x`?");
  }

  @Test
  void several_inputs_and_outputs_go_by_name() {
    Graph graph =
        Net.input(2)
            .op("a", "Relu", List.of("x"))
            .op("b", "Add", List.of("a", "x"))
            .build("b", "a", "x");

    Map<String, Tensor> outputs =
        Runner.run(Simulation.of(graph), Map.of("x", Tensor.of(new float[] {-1, 2}, 1, 2)));

    assertThat(outputs.keySet()).containsExactly("b", "a", "x");
    assertThat(outputs.get("a").floats()).containsExactly(0, 2);
    assertThat(outputs.get("b").floats()).containsExactly(-1, 4);
    assertThat(outputs.get("x").floats()).containsExactly(-1, 2);
  }

  @Test
  void an_activation_function_leaves_what_is_read_elsewhere() {
    Graph graph =
        Net.input(2)
            .op("a", "Add", List.of("x", "x"))
            .op("r", "Relu", List.of("a"))
            .op("b", "Add", List.of("r", "a"))
            .op("c", "Add", List.of("x", "x"))
            .op("s", "Relu", List.of("c"))
            .op("d", "Add", List.of("x", "x"))
            .op("t", "Relu", List.of("d"))
            .build("b", "c", "s", "t");

    Map<String, Tensor> outputs =
        Runner.run(Simulation.of(graph), Map.of("x", Tensor.of(new float[] {-1, 2}, 1, 2)));

    assertThat(outputs.get("b").floats()).containsExactly(-2, 8);
    assertThat(outputs.get("c").floats()).containsExactly(-2, 4);
    assertThat(outputs.get("s").floats()).containsExactly(0, 4);
    assertThat(outputs.get("t").floats()).containsExactly(0, 4);
  }

  @Test
  void a_constant_may_be_an_output() {
    Graph graph =
        Net.input(2)
            .constant("c", Tensor.of(new float[] {1, 2}, 2))
            .op("y", "Relu", List.of("x"))
            .build("y", "c");

    assertThat(Runner.run(Simulation.of(graph), Map.of("x", zeros(1, 2))).get("c").floats())
        .containsExactly(1, 2);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 6, -1, 0, 7, 6",
    "-Infinity, 6, -1, -1, 7, 6",
    "0, Infinity, -1, 0, 7, 7",
    "-3.4028235e38, 3.4028235e38, -1, -1, 7, 7",
    "1e-20, 1e20, -1, 1e-20, 7, 7"
  })
  void clip_takes_any_bounds(float low, float high, float a, float ofA, float b, float ofB) {
    Graph graph =
        Net.input(2)
            .constant("low", Tensor.scalar(low))
            .constant("high", Tensor.scalar(high))
            .op("y", "Clip", List.of("x", "low", "high"))
            .build("y");

    assertThat(
            Runner.run(Simulation.of(graph), Map.of("x", Tensor.of(new float[] {a, b}, 1, 2)))
                .get("y")
                .floats())
        .containsExactly(ofA, ofB);
  }

  @Test
  void the_same_input_gives_the_same_output() {
    Simulation simulation = Simulation.of(Net.input(3, 8, 8).conv("c", "x", 4, 3, 3, 3).build("c"));
    Map<String, Tensor> input = Map.of("x", Net.data(1, 2, 3, 8, 8));

    assertThat(Runner.run(simulation, input)).isEqualTo(Runner.run(simulation, input));
  }

  @ParameterizedTest
  @CsvSource({
    "mobilenet_v2.onnx, mobilenet_v2.fp32.out.npy, 128",
    "resnet50.onnx.gz, resnet50.fp32.out.npy, 32"
  })
  void golden_networks_give_the_golden_outputs(String model, String expected, int pictures) {
    Graph graph = Golden.network(model);

    Tensor found =
        Runner.run(Simulation.of(graph), Map.of("input", Golden.pictures(pictures))).get("output");

    assertThat(found.sizes()).containsExactly(pictures, 10);
    assertThat(Golden.sqnr(Golden.array(expected), found)).isGreaterThan(60);
  }
}
