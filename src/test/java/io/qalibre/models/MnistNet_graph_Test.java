package io.qalibre.models;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.qalibre.engine.trace.BlockTracer;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MnistNet_graph_Test {
  private static final Shape INPUT = new Shape(1, 1, 28, 28);

  @Test
  void is_the_block_as_it_is_traced_but_for_its_weights() {
    Graph traced;
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = MnistNet.block();
      block.initialize(manager, DataType.FLOAT32, INPUT);
      traced = BlockTracer.trace("mnist", block, INPUT);
    }

    Graph graph = MnistNet.graph(1);

    assertThat(graph.name()).isEqualTo(traced.name());
    assertThat(graph.inputs()).isEqualTo(traced.inputs());
    assertThat(graph.outputs()).isEqualTo(traced.outputs());
    // Attributes are equal by value, whatever their order.
    assertThat(graph.nodes()).isEqualTo(traced.nodes());
    assertThat(graph.initializers()).containsOnlyKeys(traced.initializers().keySet());
    assertThat(graph.withInitializers(traced.initializers()).initializers())
        .isEqualTo(traced.initializers());
  }

  @Test
  void has_these_operators() {
    Graph graph = MnistNet.graph(1);

    assertThat(Geometry.types(graph))
        .isEqualTo(
            Map.of(
                "BatchNormalization", 3L,
                "Conv", 3L,
                "Flatten", 1L,
                "Gemm", 1L,
                "MaxPool", 2L,
                "Relu", 3L));
    assertThat(graph.operators().stream().map(OperatorNode::name)).contains("conv1", "linear1");
    assertThat(Geometry.trainable(graph))
        .isEqualTo(16 * 25 + 16 * 9 + 64 * 16 + 2 * (16 + 16 + 64) + 64 * 49 * 10 + 10);
  }
}
