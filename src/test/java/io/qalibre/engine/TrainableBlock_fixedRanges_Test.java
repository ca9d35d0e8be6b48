package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs whose ranges stay. */
class TrainableBlock_fixedRanges_Test {
  private static final Tensor PICTURES = Net.data(1, 8, 3, 6, 6);
  private final NDManager manager = Programs.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static Graph network() {
    return Net.input(3, 6, 6)
        .conv("c", "x", 4, 3, 3, 3)
        .op("r", "Relu", List.of("c"))
        .constant("zero", Tensor.scalar(0))
        .constant("one", Tensor.scalar(1))
        .conv("d", "r", 4, 4, 3, 3)
        .op("s", "Clip", List.of("d", "zero", "one"))
        .op("f", "Flatten", List.of("s"))
        .linear("y", "f", 2, 144)
        .build("y");
  }

  private static Simulation simulation(Graph graph, String config, Tensor samples) {
    Graph placed = Placement.place(graph, RuntimeConfig.builtIn(config), PlacementOptions.DEFAULT);
    return Calibrator.calibrate(placed, Labelled.of(samples)).simulation();
  }

  private float[] forward(TrainableBlock block, Tensor input, boolean training) {
    NDList inputs = new NDList(Transfer.toArray(manager, input));
    return block
        .forward(new ParameterStore(manager, false), inputs, training)
        .head()
        .toFloatArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"int8", "per_channel", "per_tensor"})
  void they_compute_what_the_simulation_computes(String config) {
    Simulation start = simulation(network(), config, PICTURES);
    TrainableBlock block = new TrainableBlock(start, manager, GradientEstimator.STRAIGHT_THROUGH);

    float[] simulated = Runner.run(start, Map.of("x", PICTURES)).get("y").floats();

    assertThat(forward(block, PICTURES, true)).isEqualTo(simulated);
    assertThat(forward(block, PICTURES, false)).isEqualTo(simulated);
    assertThat(block.freeze().encodings()).isEqualTo(start.encodings());
  }

  @Test
  void freezing_takes_effect_at_once_and_no_gradient_is_computed_for_ranges() {
    Simulation start = simulation(network(), "int8", PICTURES);
    TrainableBlock block = new TrainableBlock(start, manager);
    assertThat(gradients(block, PICTURES)).anyMatch(name -> name.contains(".range_"));

    block.freezeRanges();

    assertThat(gradients(block, PICTURES)).noneMatch(name -> name.contains(".range_"));
    Graph graph = LearnedRanges.decided(start);
    assertThat(ProgramCompiler.compile(graph, Mode.TRAIN).code())
        .doesNotContainPattern("t\\d+ = \\(self\\)\\.learned")
        .doesNotContain("torch.relu");
    assertThat(ProgramCompiler.compile(graph, Mode.TRAIN, RangeForm.ENDS).code())
        .containsPattern("t\\d+ = \\(self\\)\\.learned")
        .contains("learned_rectified(")
        .doesNotContain("torch.relu");
  }

  @Test
  void other_ranges_set_later_are_used() {
    Simulation wide = simulation(network(), "int8", PICTURES);
    Tensor small = Net.normal(new java.util.Random(1), 8, 3, 6, 6);
    Simulation narrow = simulation(network(), "int8", small);
    TrainableBlock other = new TrainableBlock(narrow, manager);
    TrainableBlock block = new TrainableBlock(wide, manager, GradientEstimator.STRAIGHT_THROUGH);
    float[] before = forward(block, PICTURES, true);

    block.restore(other.snapshot());

    assertThat(forward(block, PICTURES, true)).isNotEqualTo(before);
    other.freezeRanges();
    assertThat(forward(block, PICTURES, true)).isEqualTo(forward(other, PICTURES, true));
  }

  /** The names of the parameters that learn. */
  private List<String> gradients(TrainableBlock block, Tensor input) {
    return List.copyOf(SingleQuantizer.gradients(block, input, manager).keySet());
  }

  @Test
  void a_fused_activation_function_lets_through_what_it_does_alone() {
    // None at zero, and none beyond the range or the upper bound.
    for (String type : new String[] {"Relu", "Clip"}) {
      Graph graph =
          Net.input(6)
              .constant("w", Tensor.of(new float[] {-1, 0, 0.5f, 1, 5, 9}, 1, 6))
              .constant("low", Tensor.scalar(0))
              .constant("high", Tensor.scalar(6))
              .op("a", "Add", List.of("x", "w"))
              .op("r", type, type.equals("Relu") ? List.of("a") : List.of("a", "low", "high"))
              .build("r");
      Tensor samples = Tensor.of(new float[] {-1, 0, 1, 2, 3, 5}, 1, 6);
      Tensor zeros = Tensor.of(new float[6], 1, 6);
      Simulation start = simulation(graph, "per_tensor", samples);
      TrainableBlock block = new TrainableBlock(start, manager, GradientEstimator.STRAIGHT_THROUGH);
      Map<String, Tensor> narrower = new HashMap<>(block.snapshot());
      narrower.put("r.range_max", Tensor.of(new float[] {8}, 1));
      block.restore(narrower);

      float[] gradient = gradientOf(block, "w", zeros);

      assertThat(gradient).as(type).containsExactly(0, 0, 1, 1, 1, 0);
    }
  }

  private float[] gradientOf(TrainableBlock block, String name, Tensor input) {
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      NDArray x = Transfer.toArray(manager, input);
      NDArray y = block.forward(new ParameterStore(manager, false), new NDList(x), true).head();
      collector.backward(y.sum());
    }
    return block.getParameters().values().stream()
        .filter(parameter -> parameter.getName().equals(name))
        .findFirst()
        .orElseThrow()
        .getArray()
        .getGradient()
        .toFloatArray();
  }
}
