package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.transformer.IdEmbedding;
import io.qalibre.engine.trace.UntraceableBlockException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Qalibre_of_Test {
  private static final List<ValueInfo> WORDS =
      List.of(
          new ValueInfo("words", DataType.INT64, TensorShape.of(Dim.symbolic("batch"), Dim.of(3))));

  private final NDManager manager = NDManager.newBaseManager();

  @TempDir private Path folder;

  @AfterEach
  void close() {
    manager.close();
  }

  private Block classifier() {
    Block block =
        new SequentialBlock()
            .add(new IdEmbedding.Builder().setDictionarySize(9).setEmbeddingSize(4).build())
            .addSingleton(x -> x.mean(new int[] {1}))
            .add(Dropout.builder().build())
            .add(Linear.builder().setUnits(2).build());
    block.initialize(manager, ai.djl.ndarray.types.DataType.FLOAT32, new Shape(1, 3));
    return block;
  }

  @Test
  void takes_inputs_of_integers_and_is_the_same_from_a_file() {
    Network network = Qalibre.of("words", classifier(), WORDS);
    Map<String, Tensor> data = Map.of("words", Tensor.of(new long[] {1, 2, 3, 8, 0, 8}, 2, 3));
    Path file = folder.resolve("words.onnx");

    network.save(file);

    assertThat(network.toString()).contains("words N×3").contains("output N×2");
    assertThat(Qalibre.load(file).run(data)).isEqualTo(network.run(data));
    assertThat(Qalibre.load(file).graph().nodes()).isEqualTo(network.graph().nodes());
  }

  @Test
  void places_no_quantizer_on_the_share_that_drops() {
    Network network = Qalibre.of("words", classifier(), WORDS);

    List<String> quantized =
        network.simulate(QuantConfig.int8()).graph().nodes().stream()
            .filter(QuantizerNode.class::isInstance)
            .map(node -> ((QuantizerNode) node).input())
            .toList();

    assertThat(network.graph().initializers()).containsKey("dropout1.ratio");
    assertThat(quantized).contains("linear1.weight").doesNotContain("dropout1.ratio");
  }

  @Test
  void names_what_cannot_be_traced() {
    Block block = new LambdaBlock(x -> new ai.djl.ndarray.NDList(x.head().cumSum(1)));
    block.initialize(manager, ai.djl.ndarray.types.DataType.FLOAT32, new Shape(1, 4));

    assertThatThrownBy(() -> Qalibre.of("sums", block, new Shape(1, 4)))
        .isInstanceOf(UntraceableBlockException.class)
        .hasMessageContaining("cumSum");
  }
}
