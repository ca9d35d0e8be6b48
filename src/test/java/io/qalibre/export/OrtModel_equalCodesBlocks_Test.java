package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.data.Samples;
import io.qalibre.engine.Runner;
import io.qalibre.export.OrtModel.Kernels;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.testing.Net;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Blocks of architectures beyond plain convolutions, quantized by {@code int8}: fed equal codes,
 * each operator gives the same codes in the simulation and in ONNX Runtime, unfused and fused, but
 * for a few whose values lie half-way between two, as near as floats can tell.
 */
class OrtModel_equalCodesBlocks_Test {
  /** Of so many values one may have another code, by the order in which floats are added up. */
  private static final long ONE_IN = 10_000;

  private static final long SAMPLES = 16;
  private static final int TOKENS = 16;
  private static final int WIDTH = 32;
  private static final int HEADS = 4;

  @TempDir private Path dir;

  static Stream<Arguments> blocks() {
    return Stream.of(
        Arguments.of("transformer", transformer(0.35f), new long[] {TOKENS, WIDTH}),
        // All tokens get almost the same attention, as in a network before its training.
        Arguments.of("flat attention", transformer(0.004f), new long[] {TOKENS, WIDTH}),
        Arguments.of("squeeze and excitation", squeeze(), new long[] {8, 16, 16}),
        Arguments.of("channel shuffle", shuffle(), new long[] {16, 12, 12}));
  }

  /** Attention with a mask and a perceptron, both after a normalization and beside a shortcut. */
  private static Graph transformer(float scale) {
    return Net.input(TOKENS, WIDTH)
        .constant("split", Tensor.of(new long[] {0, TOKENS, HEADS, WIDTH / HEADS}, 4))
        .constant("joined", Tensor.of(new long[] {0, TOKENS, WIDTH}, 3))
        .constant("scale", Tensor.scalar(scale))
        .random("position", 1, HEADS, TOKENS, TOKENS)
        .random("norm1.weight", WIDTH)
        .random("norm1.bias", WIDTH)
        .op("norm1", "LayerNormalization", List.of("x", "norm1.weight", "norm1.bias"))
        .random("query.weight", WIDTH, WIDTH)
        .random("key.weight", WIDTH, WIDTH)
        .random("value.weight", WIDTH, WIDTH)
        .random("query.bias", WIDTH)
        .op("query0", "MatMul", List.of("norm1", "query.weight"))
        .op("query", "Add", List.of("query0", "query.bias"))
        .op("key", "MatMul", List.of("norm1", "key.weight"))
        .op("value", "MatMul", List.of("norm1", "value.weight"))
        .op("queries0", "Reshape", List.of("query", "split"))
        .op("queries", "Transpose", List.of("queries0"), "perm", List.of(0L, 2L, 1L, 3L))
        .op("keys0", "Reshape", List.of("key", "split"))
        .op("keys", "Transpose", List.of("keys0"), "perm", List.of(0L, 2L, 3L, 1L))
        .op("values0", "Reshape", List.of("value", "split"))
        .op("values", "Transpose", List.of("values0"), "perm", List.of(0L, 2L, 1L, 3L))
        .op("product", "MatMul", List.of("queries", "keys"))
        .op("biased", "Add", List.of("product", "position"))
        .op("scores", "Mul", List.of("biased", "scale"))
        .op("attention", "Softmax", List.of("scores"), "axis", -1L)
        .op("mixed", "MatMul", List.of("attention", "values"))
        .op("turned", "Transpose", List.of("mixed"), "perm", List.of(0L, 2L, 1L, 3L))
        .op("concatenated", "Reshape", List.of("turned", "joined"))
        .op("sum1", "Add", List.of("concatenated", "x"))
        .random("norm2.weight", WIDTH)
        .random("norm2.bias", WIDTH)
        .op("norm2", "LayerNormalization", List.of("sum1", "norm2.weight", "norm2.bias"))
        .random("wide.weight", WIDTH, 2 * WIDTH)
        .random("narrow.weight", 2 * WIDTH, WIDTH)
        .op("wide", "MatMul", List.of("norm2", "wide.weight"))
        .constant("root", Tensor.scalar((float) Math.sqrt(2)))
        .constant("one", Tensor.scalar(1))
        .constant("half", Tensor.scalar(0.5f))
        .op("divided", "Div", List.of("wide", "root"))
        .op("erf", "Erf", List.of("divided"))
        .op("shifted", "Add", List.of("erf", "one"))
        .op("gated", "Mul", List.of("wide", "shifted"))
        .op("gelu", "Mul", List.of("gated", "half"))
        .op("narrow", "MatMul", List.of("gelu", "narrow.weight"))
        .op("y", "Add", List.of("narrow", "sum1"))
        .build("y");
  }

  /** A block of MobileNetV3: channels are weighed by what is left of them after pooling. */
  private static Graph squeeze() {
    return Net.input(8, 16, 16)
        .grouped("depthwise", "x", 8, 8, 1, 3, 3)
        .op("swish", "HardSwish", List.of("depthwise"))
        .op("pooled", "GlobalAveragePool", List.of("swish"))
        .conv("less", "pooled", 4, 8, 1, 1)
        .op("relu", "Relu", List.of("less"))
        .conv("more", "relu", 8, 4, 1, 1)
        .op("gate", "HardSigmoid", List.of("more"), "alpha", 1 / 6f, "beta", 0.5f)
        .op("weighed", "Mul", List.of("gate", "swish"))
        .conv("projected", "weighed", 8, 8, 1, 1)
        .op("y", "Add", List.of("projected", "x"))
        .build("y");
  }

  /** A block of ShuffleNetV2: half of the channels pass, and are interleaved with the others. */
  private static Graph shuffle() {
    return Net.input(16, 12, 12)
        .constant("zero", Tensor.of(new long[] {0}, 1))
        .constant("eight", Tensor.of(new long[] {8}, 1))
        .constant("sixteen", Tensor.of(new long[] {16}, 1))
        .constant("channel", Tensor.of(new long[] {1}, 1))
        .constant("groups", Tensor.of(new long[] {0, 2, 8, 12, 12}, 5))
        .constant("flat", Tensor.of(new long[] {0, 16, 12, 12}, 4))
        .op("passed", "Slice", List.of("x", "zero", "eight", "channel"))
        .op("rest", "Slice", List.of("x", "eight", "sixteen", "channel"))
        .conv("conv1", "rest", 8, 8, 1, 1)
        .op("relu1", "Relu", List.of("conv1"))
        .grouped("depthwise", "relu1", 8, 8, 1, 3, 3)
        .conv("conv2", "depthwise", 8, 8, 1, 1)
        .op("relu2", "Relu", List.of("conv2"))
        .op("joined", "Concat", List.of("passed", "relu2"), "axis", 1L)
        .op("grouped", "Reshape", List.of("joined", "groups"))
        .op("turned", "Transpose", List.of("grouped"), "perm", List.of(0L, 2L, 1L, 3L, 4L))
        .op("shuffled", "Reshape", List.of("turned", "flat"))
        .conv("y", "shuffled", 8, 16, 3, 3)
        .build("y");
  }

  private static Map<String, Tensor> batch(long seed, long[] sizes) {
    long[] all = new long[sizes.length + 1];
    all[0] = SAMPLES;
    System.arraycopy(sizes, 0, all, 1, sizes.length);
    return Map.of("x", Net.data(seed, all));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("blocks")
  void each_operator(String name, Graph block, long[] sizes) {
    Simulation simulation =
        Qalibre.of(block)
            .simulate(QuantConfig.int8())
            .computeEncodings(Samples.of(List.of(batch(1, sizes))))
            .simulation();
    CutSimulation cut = CutSimulation.operators(simulation);
    Path file = dir.resolve("pieces.onnx");
    OnnxWriter.write(QdqGraph.of(cut.pieces()), file);
    Map<String, Tensor> fed = cut.inputs(batch(2, sizes));
    Map<String, Tensor> expected = Runner.run(cut.pieces(), fed);

    for (Kernels kernels : Kernels.values()) {
      try (OrtModel model = OrtModel.open(file, 2, kernels)) {
        Map<String, Tensor> found = model.run(fed);
        for (QuantizerNode node : cut.compared()) {
          CodeComparison codes = new CodeComparison(cut.pieces().encoding(node.id()).first());
          codes.add(expected.get(node.output()), found.get(node.output()));
          assertThat(distinct(expected.get(node.output()))).as(node.tensor()).isGreaterThan(20);
          assertThat(codes.largest()).as("%s %s", kernels, node.tensor()).isLessThanOrEqualTo(1);
          assertThat(codes.different())
              .as("%s %s, of %d values", kernels, node.tensor(), codes.values())
              .isLessThanOrEqualTo(Math.max(1, codes.values() / ONE_IN));
        }
      }
    }
  }

  private static long distinct(Tensor values) {
    float[] floats = values.floats();
    return IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).distinct().count();
  }
}
