package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Grids;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Range;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TrainableBlock_forward_Test {
  private final NDManager manager = Programs.newManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @EnumSource(Symmetry.class)
  void freezing_at_once_gives_the_grid_back(Symmetry symmetry) {
    for (int bits : new int[] {2, 4, 8, 16}) {
      for (Range range :
          List.of(new Range(-0.9, 1.3), new Range(0, 3.3), new Range(-2, 0), new Range(-1e-3, 5))) {
        QuantizerSpec spec = QuantizerSpec.perTensor(bits, QuantScheme.MIN_MAX, symmetry);
        Encoding grid = Grids.grid(range, spec);
        Simulation start =
            SingleQuantizer.simulation(
                spec, Net.data(1, 1, 50), Net.data(2, 1, 50), TensorEncoding.perTensor(grid));

        Simulation frozen = new TrainableBlock(start, manager).freeze();

        assertSameGrid(frozen.encoding("w").first(), grid);
        assertThat(frozen.graph().initializer("w")).isEqualTo(start.graph().initializer("w"));
      }
    }
  }

  private static void assertSameGrid(Encoding found, Encoding expected) {
    assertThat(found.scale())
        .as("%s", expected)
        .isCloseTo(expected.scale(), within(1e-6 * expected.scale()));
    assertThat(found.offset()).as("%s", expected).isEqualTo(expected.offset());
    assertThat(found.steps()).isEqualTo(expected.steps());
    assertThat(found.bitwidth()).isEqualTo(expected.bitwidth());
    assertThat(found.symmetric()).isEqualTo(expected.symmetric());
  }

  @ParameterizedTest
  @EnumSource(Symmetry.class)
  void the_training_program_computes_what_the_simulation_computes(Symmetry symmetry) {
    QuantizerSpec spec = QuantizerSpec.perTensor(4, QuantScheme.MIN_MAX, symmetry);
    Tensor w = Net.data(1, 1, 200);
    Tensor g = Net.data(2, 1, 200);
    for (Range range : List.of(new Range(-0.9, 1.3), new Range(0, 2))) {
      Simulation start =
          SingleQuantizer.simulation(spec, w, g, TensorEncoding.perTensor(Grids.grid(range, spec)));

      float[] trained =
          new TrainableBlock(start, manager)
              .forward(
                  new ParameterStore(manager, false),
                  new NDList(Transfer.toArray(manager, g)),
                  false)
              .head()
              .toFloatArray();

      float[] simulated = Runner.run(start, Map.of("g", g)).get("y").floats();
      IntStream.range(0, trained.length)
          .forEach(i -> assertThat(trained[i]).isCloseTo(simulated[i], within(1e-5f)));
    }
  }

  @Test
  void another_number_of_inputs_is_told() {
    QuantizerSpec spec = QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC);
    Tensor g = Net.data(2, 1, 50);
    Encoding grid = Grids.grid(new Range(-1, 1), spec);
    TrainableBlock block =
        new TrainableBlock(
            SingleQuantizer.simulation(spec, g, g, TensorEncoding.perTensor(grid)), manager);
    NDList two = new NDList(Transfer.toArray(manager, g), Transfer.toArray(manager, g));

    assertThatThrownBy(() -> block.forward(new ParameterStore(manager, false), two, true))
        .isInstanceOf(QalibreException.class)
        .hasMessage("single takes 1 inputs [g], found 2");
  }

  @Test
  void training_and_evaluating_may_alternate() {
    QuantizerSpec spec = QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC);
    Tensor g = Net.data(2, 1, 50);
    Encoding grid = Grids.grid(new Range(-1, 1), spec);
    Simulation start =
        SingleQuantizer.simulation(spec, Net.data(1, 1, 50), g, TensorEncoding.perTensor(grid));
    TrainableBlock block = new TrainableBlock(start, manager);
    float[] first = null;
    for (int i = 0; i < 16; i++) {
      float[] y;
      if (i % 4 == 3) {
        y = forward(block, g, false).toFloatArray();
      } else {
        try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
          NDArray trained = forward(block, g, true);
          collector.backward(trained.sum());
          y = trained.toFloatArray();
        }
      }
      first = first == null ? y : first;
      assertThat(y).as("call %d", i).isEqualTo(first);
    }
  }

  /** In bits: a training resumed in a new process has to go on as if it had not been stopped. */
  @Test
  void gradients_do_not_depend_on_how_often_the_program_has_run() {
    // The gradient of a clamp with one bound is one that TorchScript's optimizer knows.
    Graph graph =
        Net.input(3, 16, 16)
            .constant("zero", Tensor.scalar(0))
            .conv("c", "x", 8, 3, 3, 3)
            .batchNorm("n", "c", 8)
            .op("r", "Clip", List.of("n", "zero"))
            .conv("d", "r", 8, 8, 3, 3)
            .batchNorm("m", "d", 8)
            .op("s", "Clip", List.of("m", "zero"))
            .op("g", "GlobalAveragePool", List.of("s"))
            .op("f", "Flatten", List.of("g"))
            .linear("y", "f", 10, 8)
            .build("y");
    TrainableBlock block = new TrainableBlock(Simulation.of(graph), manager);
    block.liveNorms(true);
    Tensor pictures = Net.data(1, 32, 3, 16, 16);
    Map<String, float[]> first = Map.of();
    for (int i = 0; i < 4; i++) {
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        collector.zeroGradients();
        collector.backward(forward(block, pictures, true).softmax(1).get(":, 0").sum());
      }
      Map<String, float[]> gradients = learnedGradients(block);
      first = i == 0 ? gradients : first;
      for (Map.Entry<String, float[]> gradient : gradients.entrySet()) {
        assertThat(gradient.getValue())
            .as("%s in call %d", gradient.getKey(), i)
            .isEqualTo(first.get(gradient.getKey()));
      }
    }
    assertThat(first).hasSize(10);
  }

  private static Map<String, float[]> learnedGradients(TrainableBlock block) {
    Map<String, float[]> gradients = new HashMap<>();
    for (Parameter parameter : block.getParameters().values()) {
      if (parameter.requiresGradient()) {
        try (NDArray gradient = parameter.getArray().getGradient()) {
          gradients.put(parameter.getName(), gradient.toFloatArray());
        }
      }
    }
    return gradients;
  }

  private NDArray forward(TrainableBlock block, Tensor input, boolean training) {
    NDList inputs = new NDList(Transfer.toArray(manager, input));
    return block.forward(new ParameterStore(manager, false), inputs, training).head();
  }

  @Test
  void a_whole_network_trains_from_where_its_simulation_is() {
    Graph graph =
        Placement.place(
            Net.input(3, 6, 6)
                .conv("c", "x", 4, 3, 3, 3)
                .batchNorm("n", "c", 4)
                .op("r", "Relu", List.of("n"))
                .op("f", "Flatten", List.of("r"))
                .linear("y", "f", 2, 144)
                .build("y"),
            RuntimeConfig.builtIn("int8"),
            PlacementOptions.DEFAULT);
    Tensor data = Net.data(1, 8, 3, 6, 6);
    Simulation start = Calibrator.calibrate(graph, Labelled.of(data)).simulation();
    TrainableBlock block = new TrainableBlock(start, manager);

    NDArray trained =
        block
            .forward(
                new ParameterStore(manager, false),
                new NDList(Transfer.toArray(manager, data)),
                true)
            .head();

    Simulation frozen = block.freeze();
    Tensor simulated = Runner.run(start, Map.of("x", data)).get("y");
    assertThat(Golden.sqnr(simulated, Transfer.toTensor(trained))).isGreaterThan(40);
    assertThat(Golden.sqnr(simulated, Runner.run(frozen, Map.of("x", data)).get("y")))
        .isGreaterThan(40);
    assertThat(frozen.encodings().keySet()).isEqualTo(start.encodings().keySet());
    start
        .encodings()
        .forEach(
            (id, encoding) -> {
              for (int c = 0; c < encoding.grids().size(); c++) {
                assertSameGrid(frozen.encoding(id).grids().get(c), encoding.grids().get(c));
              }
            });
    assertThat(block.getParameters().keys())
        .anyMatch(name -> name.endsWith("c.weight"))
        .anyMatch(name -> name.endsWith("r.range_max"));
  }
}
