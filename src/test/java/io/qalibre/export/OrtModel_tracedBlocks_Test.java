package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv1dTranspose;
import ai.djl.nn.convolutional.Conv2dTranspose;
import io.qalibre.engine.Runner;
import io.qalibre.engine.Transfer;
import io.qalibre.engine.trace.BlockTracer;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.graph.onnx.WeightStorage;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.testing.TracedBlock;
import io.qalibre.testing.TracedBlocks;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traced blocks, written as ONNX files, compute in ONNX Runtime what the blocks compute. */
class OrtModel_tracedBlocks_Test {
  private static final double CLOSE = 1e-4;

  @TempDir private Path folder;

  @ParameterizedTest
  @MethodSource("io.qalibre.testing.TracedBlocks#blocks")
  void blocks(TracedBlock traced) {
    check(traced);
  }

  @ParameterizedTest
  @MethodSource("io.qalibre.testing.TracedBlocks#networks")
  void networks(TracedBlock traced) {
    check(traced);
  }

  /** DJL's PyTorch engine does not have this block, so what it documents is computed here. */
  @Test
  void prelu() {
    try (NDManager manager = NDManager.newBaseManager()) {
      TracedBlock traced = TracedBlocks.of("PReLU", Activation.preluBlock(), 4, 5);
      float alpha = parameter(traced.initialized(manager), "alpha").floats()[0];
      Map<String, Tensor> data = traced.data(4);
      float[] values = data.get("input").floats();
      for (int i = 0; i < values.length; i++) {
        values[i] *= values[i] < 0 ? alpha : 1;
      }

      assertThat(alpha).isNotZero();
      checkWithoutEngine(traced, data, Tensor.of(values, 4, 4, 5));
    }
  }

  /** Nor these: every input value spreads over the outputs that its kernel reaches. */
  @Test
  void transposed_convolution() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block =
          Conv2dTranspose.builder()
              .setKernelShape(new Shape(3, 2))
              .setFilters(6)
              .optGroups(2)
              .optStride(new Shape(2, 3))
              .optPadding(new Shape(1, 0))
              .optOutPadding(new Shape(1, 0))
              .build();
      TracedBlock traced = TracedBlocks.of("Conv2dTranspose", block, 4, 5, 3);
      traced.initialized(manager);
      Map<String, Tensor> data = traced.data(4);

      checkWithoutEngine(
          traced,
          data,
          spread(data.get("input"), parameter(block, "weight"), parameter(block, "bias")));
    }
  }

  @Test
  void transposed_convolution_along_one_axis() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = Conv1dTranspose.builder().setKernelShape(new Shape(3)).setFilters(6).build();
      TracedBlock traced = TracedBlocks.of("Conv1dTranspose", block, 4, 5);
      traced.initialized(manager);

      Graph graph = BlockTracer.trace(traced.name(), block, traced.inputs());

      assertThat(graph.outputs().get(0).shape()).hasToString("N×6×7");
      assertThat(run(graph, traced.data(4)).get(0).sizes()).containsExactly(4, 6, 7);
    }
  }

  /** For a weight of 6 × 2 × 3 × 2, in 2 groups, with the strides and paddings above. */
  private static Tensor spread(Tensor input, Tensor weight, Tensor bias) {
    float[] x = input.floats();
    float[] w = weight.floats();
    int height = 10;
    int width = 8;
    float[] out = new float[4 * 6 * height * width];
    for (int i = 0; i < out.length; i++) {
      out[i] = bias.floats()[i / (height * width) % 6];
    }
    for (int i = 0; i < x.length; i++) {
      int n = i / 60;
      int channel = i / 15 % 4;
      int row = i / 3 % 5;
      int column = i % 3;
      for (int f = 0; f < 3; f++) {
        int filter = channel / 2 * 3 + f;
        for (int k = 0; k < 6; k++) {
          int y = row * 2 - 1 + k / 2;
          int z = column * 3 + k % 2;
          if (y >= 0 && y < height) {
            out[((n * 6 + filter) * height + y) * width + z] +=
                x[i] * w[(filter * 2 + channel % 2) * 6 + k];
          }
        }
      }
    }
    return Tensor.of(out, 4, 6, height, width);
  }

  private static Tensor parameter(Block block, String name) {
    return block.getParameters().stream()
        .filter(pair -> pair.getValue().getName().equals(name))
        .map(pair -> Transfer.toTensor(pair.getValue().getArray()))
        .findFirst()
        .orElseThrow();
  }

  private void checkWithoutEngine(TracedBlock traced, Map<String, Tensor> data, Tensor expected) {
    Graph graph = BlockTracer.trace(traced.name(), traced.block(), traced.inputs());
    assertThat(run(graph, data).get(0).sizes()).isEqualTo(expected.sizes());
    assertThat(TracedBlock.distance(expected, run(graph, data).get(0))).isCloseTo(0, within(CLOSE));
    if (graph.operators().stream().allMatch(n -> OperatorCatalogue.supports(n.type()))) {
      Tensor own = Runner.run(Simulation.of(graph), data).get("output");
      assertThat(TracedBlock.distance(expected, own)).isCloseTo(0, within(1e-5));
    }
  }

  private List<Tensor> run(Graph graph, Map<String, Tensor> data) {
    Path file = folder.resolve("traced.onnx");
    OnnxWriter.write(graph, file, WeightStorage.FLOAT);
    try (OrtModel ort = OrtModel.open(file, 1)) {
      return List.copyOf(ort.run(data).values());
    }
  }

  private void check(TracedBlock traced) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Graph graph = BlockTracer.trace(traced.name(), traced.initialized(manager), traced.inputs());
      Map<String, Tensor> data = traced.data(4);
      List<Tensor> expected = traced.outputs(manager, data);
      List<Tensor> found = run(graph, data);

      assertThat(found).hasSameSizeAs(expected);
      for (int i = 0; i < found.size(); i++) {
        assertThat(found.get(i).sizes()).isEqualTo(expected.get(i).sizes());
        assertThat(TracedBlock.distance(expected.get(i), found.get(i)))
            .as("output %d", i)
            .isCloseTo(0, within(CLOSE));
      }
    }
  }
}
