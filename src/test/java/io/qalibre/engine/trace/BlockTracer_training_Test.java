package io.qalibre.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.qalibre.engine.Runner;
import io.qalibre.engine.TrainableBlock;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.TracedBlock;
import io.qalibre.testing.TracedBlocks;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a traced network is when it is trained. */
class BlockTracer_training_Test {
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private TracedBlock normalized() {
    Block block =
        new SequentialBlock()
            .add(Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(5).build())
            .add(BatchNorm.builder().optMomentum(0.7f).build());
    TracedBlock traced = TracedBlocks.of("normalized", block, 3, 6, 6);
    traced.initialized(manager);
    return traced;
  }

  private Tensor forward(TrainableBlock block, Tensor input, boolean training) {
    NDArray array = Transfer.toArray(manager, input);
    ParameterStore store = new ParameterStore(manager, false);
    return Transfer.toTensor(block.forward(store, new NDList(array), training).head());
  }

  @Test
  void dropouts_drop_in_training_batches_only() {
    Block block =
        new SequentialBlock()
            .addSingleton(x -> x.mul(1))
            .add(Dropout.builder().optRate(0.25f).build());
    TracedBlock traced = TracedBlocks.of("dropout", block, 1000);
    Graph graph = BlockTracer.trace("dropout", traced.initialized(manager), traced.inputs());
    Tensor input = traced.data(4).get("input");
    TrainableBlock trainable = new TrainableBlock(Simulation.of(graph), manager);

    float[] trained = forward(trainable, input, true).floats();

    assertThat(graph.operators()).extracting(OperatorNode::type).containsExactly("Mul", "Dropout");
    assertThat(graph.initializer("dropout1.ratio").floats()).containsExactly(0.25f);
    assertThat(forward(trainable, input, false)).isEqualTo(input);
    assertThat(Runner.run(Simulation.of(graph), Map.of("input", input)).get("output"))
        .isEqualTo(input);
    int dropped = 0;
    for (int i = 0; i < trained.length; i++) {
      dropped += trained[i] == 0 ? 1 : 0;
      if (trained[i] != 0) {
        assertThat(trained[i]).isCloseTo(input.floats()[i] / 0.75f, within(1e-5f));
      }
    }
    assertThat(dropped / 4000.0).isCloseTo(0.25, within(0.05));
  }

  @Test
  void live_normalizations_follow_a_batch_as_the_blocks_own_do() {
    TracedBlock traced = normalized();
    Graph graph = BlockTracer.trace("normalized", traced.block(), traced.inputs());
    Tensor input = traced.data(8).get("input");
    TrainableBlock trainable = new TrainableBlock(Simulation.of(graph), manager);
    trainable.liveNorms(true);

    Tensor found = forward(trainable, input, true);
    NDArray expected =
        traced
            .block()
            .forward(
                new ParameterStore(manager, false),
                new NDList(Transfer.toArray(manager, input)),
                true)
            .head();

    assertThat(TracedBlock.distance(Transfer.toTensor(expected), found)).isCloseTo(0, within(1e-5));
    for (String statistic : new String[] {"runningMean", "runningVar"}) {
      NDArray own = traced.block().getParameters().get("02BatchNorm_" + statistic).getArray();
      Tensor followed = trainable.snapshot().get("batchnorm1." + statistic);
      assertThat(TracedBlock.distance(Transfer.toTensor(own), followed)).isCloseTo(0, within(1e-5));
      assertThat(followed).isNotEqualTo(graph.initializer("batchnorm1." + statistic));
    }
  }

  @Test
  void a_trace_of_a_training_leaves_the_block_as_it_is() {
    TracedBlock traced = normalized();
    Graph before = BlockTracer.trace("normalized", traced.block(), traced.inputs());

    Graph training = BlockTracer.traceTraining("normalized", traced.block(), traced.inputs());

    assertThat(training.nodes()).isEqualTo(before.nodes());
    assertThat(training.initializers()).isEqualTo(before.initializers());
    assertThat(BlockTracer.trace("normalized", traced.block(), traced.inputs()).initializers())
        .isEqualTo(before.initializers());
  }

  @Test
  void a_block_that_does_something_else_in_training_is_traced_in_either_mode() {
    Block block =
        new AbstractBlock() {
          @Override
          protected NDList forwardInternal(
              ParameterStore store,
              NDList inputs,
              boolean training,
              PairList<String, Object> parameters) {
            NDArray x = inputs.head();
            return new NDList(training ? x.mul(2) : x.add(1));
          }

          @Override
          public Shape[] getOutputShapes(Shape[] shapes) {
            return shapes;
          }
        };
    TracedBlock traced = TracedBlocks.of("either", block, 3);
    traced.initialized(manager);

    assertThat(BlockTracer.trace("either", block, traced.inputs()).operators())
        .extracting(OperatorNode::type)
        .containsExactly("Add");
    assertThat(BlockTracer.traceTraining("either", block, traced.inputs()).operators())
        .extracting(OperatorNode::type)
        .containsExactly("Mul");
  }
}
