package io.qalibre.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.qalibre.engine.Runner;
import io.qalibre.engine.Transfer;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.models.MnistNet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BlockTracer_trace_Test {
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void reads_the_network_with_names_that_say_what_they_are() {
    Block block = initialized(MnistNet.block(), new Shape(1, 1, 28, 28));

    Graph graph = BlockTracer.trace("mnist", block, new Shape(1, 1, 28, 28));

    assertThat(graph.operators().stream().map(OperatorNode::type))
        .containsExactly(
            "Conv",
            "BatchNormalization",
            "Relu",
            "MaxPool",
            "Conv",
            "BatchNormalization",
            "Relu",
            "Conv",
            "BatchNormalization",
            "Relu",
            "MaxPool",
            "Flatten",
            "Gemm");
    assertThat(graph.initializers().keySet())
        .contains("conv1.weight", "batchnorm1.gamma", "batchnorm1.runningMean", "linear1.bias");
    assertThat(graph.inputs().get(0).shape()).hasToString("N×1×28×28");
    assertThat(graph.outputs().get(0)).hasToString(graph.outputs().get(0).toString());
    assertThat(graph.outputs().get(0).shape()).hasToString("N×10");
  }

  @Test
  void computes_what_the_block_computes_for_any_batch_size() {
    Block block = initialized(MnistNet.block(), new Shape(1, 1, 28, 28));
    Graph graph = BlockTracer.trace("mnist", block, new Shape(1, 1, 28, 28));

    assertSameOutputs(block, graph, new Shape(3, 1, 28, 28));
    assertSameOutputs(block, graph, new Shape(1, 1, 28, 28));
  }

  @Test
  void follows_branches_lambdas_and_numbers() {
    Block branches =
        new ParallelBlock(
            lists -> new NDList(lists.get(0).singletonOrThrow().add(lists.get(1).get(0).mul(2))),
            List.of(
                Conv2d.builder().setKernelShape(new Shape(1, 1)).setFilters(4).build(),
                new SequentialBlock()
                    .add(Conv2d.builder().setKernelShape(new Shape(1, 1)).setFilters(4).build())
                    .add(Activation::sigmoid)));
    Block block =
        initialized(
            new SequentialBlock()
                .add(branches)
                .add(x -> new NDList(x.head().reshape(x.head().size(0), 4, -1)))
                .add(x -> new NDList(x.head().softmax(1).clip(0.1, 0.9)))
                .add(Linear.builder().setUnits(3).build()),
            new Shape(2, 2, 4, 4));

    assertSameOutputs(
        block, BlockTracer.trace("branches", block, new Shape(2, 2, 4, 4)), new Shape(5, 2, 4, 4));
  }

  @Test
  void names_the_call_it_cannot_follow() {
    Block block =
        initialized(
            new SequentialBlock().add(new LambdaBlock(x -> new NDList(x.head().cumSum(1)))),
            new Shape(1, 4));

    assertThatThrownBy(() -> BlockTracer.trace("odd", block, new Shape(1, 4)))
        .isInstanceOf(UntraceableBlockException.class)
        .hasMessageContaining("NDArray.cumSum(int)")
        .hasMessageContaining("convolution");
  }

  @Test
  void says_that_a_block_has_no_parameters_yet() {
    assertThatThrownBy(() -> BlockTracer.trace("new", MnistNet.block(), new Shape(1, 1, 28, 28)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("new has no parameters yet");
  }

  @Test
  void says_that_the_shape_does_not_fit() {
    Block block = initialized(MnistNet.block(), new Shape(1, 1, 28, 28));

    assertThatThrownBy(() -> BlockTracer.trace("mnist", block, new Shape(1, 3, 28, 28)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("does not take an input of shape (7, 3, 28, 28)");
  }

  private Block initialized(Block block, Shape shape) {
    block.initialize(manager, DataType.FLOAT32, shape);
    return block;
  }

  private void assertSameOutputs(Block block, Graph graph, Shape shape) {
    NDArray input = manager.randomNormal(shape);
    NDArray expected =
        block.forward(new ParameterStore(manager, false), new NDList(input), false).head();

    Tensor found =
        Runner.run(Simulation.of(graph), Map.of("input", Transfer.toTensor(input))).get("output");

    assertThat(found.sizes()).isEqualTo(expected.getShape().getShape());
    float[] values = expected.toFloatArray();
    float[] own = found.floats();
    for (int i = 0; i < values.length; i++) {
      assertThat(own[i]).isCloseTo(values[i], org.assertj.core.data.Offset.offset(1e-5f));
    }
  }
}
