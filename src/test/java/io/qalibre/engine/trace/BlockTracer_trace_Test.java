package io.qalibre.engine.trace;

import static io.qalibre.graph.DataType.FLOAT;
import static io.qalibre.graph.DataType.INT64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.basicmodelzoo.cv.classification.MobileNetV2;
import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
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
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.BertMaskedLanguageModelBlock;
import ai.djl.training.ParameterStore;
import io.qalibre.engine.Runner;
import io.qalibre.engine.Transfer;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
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
  void a_normalization_says_its_momentum_where_it_is_not_onnxs() {
    Block block =
        new SequentialBlock()
            .add(BatchNorm.builder().build())
            .add(BatchNorm.builder().optMomentum(0.75f).build());

    Graph graph =
        BlockTracer.trace("two", initialized(block, new Shape(1, 3, 4, 4)), new Shape(1, 3, 4, 4));

    assertThat(graph.operators().get(0).attributes().has("momentum")).isFalse();
    assertThat(graph.operators().get(1).attributes().number("momentum", 0.9f)).isEqualTo(0.75f);
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
  void writes_what_djl_says_in_several_calls_as_one_operator() {
    Block mobile =
        initialized(MobileNetV2.builder().setOutSize(10).build(), new Shape(1, 3, 32, 32));
    Block resnet =
        initialized(
            ResNetV1.builder()
                .setImageShape(new Shape(3, 28, 28))
                .setNumLayers(20)
                .setOutSize(10)
                .build(),
            new Shape(1, 3, 28, 28));

    Graph small = BlockTracer.trace("mobile", mobile, new Shape(1, 3, 32, 32));
    Graph large = BlockTracer.trace("resnet", resnet, new Shape(1, 3, 28, 28));

    assertThat(small.operators().stream().map(OperatorNode::name))
        .startsWith("conv1", "batchnorm1", "clip1", "conv2", "batchnorm2", "clip2");
    assertThat(small.initializers().keySet())
        .contains("conv1.weight", "batchnorm1.gamma", "clip1.min", "clip1.max");
    assertThat(last(small, 4)).containsExactly("Clip", "GlobalAveragePool", "Conv", "Flatten");
    assertThat(last(large, 4)).containsExactly("Relu", "GlobalAveragePool", "Flatten", "Gemm");
  }

  private static List<String> last(Graph graph, int count) {
    List<String> types = graph.operators().stream().map(OperatorNode::type).toList();
    return types.subList(types.size() - count, types.size());
  }

  @Test
  void repeats_a_constant_for_each_sample() {
    Block block =
        initialized(
            new LambdaBlock(
                x ->
                    new NDList(
                        x.head().add(x.head().onesLike()),
                        x.getManager().ones(new Shape(x.head().size(0), 2)).mul(3))),
            new Shape(1, 4));

    Graph graph = BlockTracer.trace("constants", block, new Shape(1, 4));

    Map<String, Tensor> found =
        Runner.run(Simulation.of(graph), Map.of("input", Tensor.of(new float[20], 5, 4)));
    assertThat(found.get("output1").floats()).hasSize(20).containsOnly(1);
    assertThat(found.get("output2").sizes()).containsExactly(5, 2);
    assertThat(found.get("output2").floats()).containsOnly(3);
    assertThat(graph.outputs().get(1).shape()).hasToString("N×2");
  }

  @Test
  void says_that_a_path_depends_on_the_batch_size() {
    Block divided = initialized(mean(), new Shape(1, 4));
    Block picked = initialized(new LambdaBlock(x -> new NDList(x.head().get(0))), new Shape(1, 4));
    Block numbered =
        initialized(
            new LambdaBlock(
                x -> {
                  NDArray numbers = x.getManager().arange((float) x.head().size(0));
                  return new NDList(x.head().add(numbers.reshape(-1, 1)));
                }),
            new Shape(1, 4));

    assertThatThrownBy(() -> BlockTracer.trace("divided", divided, new Shape(1, 4)))
        .isInstanceOf(UntraceableBlockException.class)
        .hasMessageContaining("depends on the batch size")
        .hasMessageContaining("div(2) for 2 samples, div(3) for 3");
    assertThatThrownBy(() -> BlockTracer.trace("picked", picked, new Shape(1, 4)))
        .isInstanceOf(UntraceableBlockException.class)
        .hasMessageContaining("get")
        .hasMessageContaining("some samples of the batch");
    assertThatThrownBy(() -> BlockTracer.trace("numbered", numbered, new Shape(1, 4)))
        .isInstanceOf(UntraceableBlockException.class)
        .hasMessageContaining("differs from sample to sample");
  }

  @Test
  void says_that_positions_are_computed_from_the_number_of_samples() {
    Block block =
        new BertMaskedLanguageModelBlock(
            BertBlock.builder().nano().setTokenDictionarySize(5).build(), Activation::gelu);
    List<ValueInfo> inputs =
        List.of(
            new ValueInfo("sequence", FLOAT, TensorShape.of(-1, 4, 256)),
            new ValueInfo("positions", INT64, TensorShape.of(-1, 2)),
            new ValueInfo("table", FLOAT, TensorShape.of(5, 256)));
    block.initialize(
        manager, DataType.FLOAT32, new Shape(1, 4, 256), new Shape(1, 2), new Shape(5, 256));

    assertThatThrownBy(() -> BlockTracer.trace("masked", block, inputs))
        .isInstanceOf(UntraceableBlockException.class)
        .hasMessageContaining("differs from sample to sample");
  }

  private static Block mean() {
    return new LambdaBlock(x -> new NDList(x.head().sum(new int[] {0}).div(x.head().size(0))));
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
        .hasMessageContaining("does not take an input of shape (3, 3, 28, 28)");
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
