package io.qalibre.benchmarks;

import io.qalibre.Network;
import io.qalibre.Qalibre;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.data.Samples;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.models.MobileNetV2;
import io.qalibre.ptq.AdaRound;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A contender of {@code benchmarks/peers}: AdaRound of the first layers of MobileNetV2 at 4 bits,
 * all that it takes divided by iterations and layers.
 */
public final class AdaRoundLayers {
  private static final int SIZE = 64;
  private static final int BATCH = 32;
  private static final int BATCHES = 4;

  private AdaRoundLayers() {}

  /** Takes the number of layers and of iterations. */
  public static void main(String[] arguments) throws IOException {
    int layers = Integer.parseInt(arguments[0]);
    int iterations = Integer.parseInt(arguments[1]);
    Samples samples = Pictures.samples(BATCHES, BATCH, SIZE);
    QuantizedNetwork quantized =
        network(layers)
            .simulate(QuantConfig.perChannel().withWeightBits(4))
            .computeEncodings(samples);
    Turns.serve(() -> each(quantized, samples, layers, iterations), 0);
  }

  /** The time of an iteration of a layer in milliseconds. */
  private static double each(
      QuantizedNetwork quantized, Samples samples, int layers, int iterations) {
    long start = System.nanoTime();
    int done =
        quantized.adaRound(samples, AdaRound.iterations(iterations)).rounding().layers().size();
    if (done != layers) {
      throw new IllegalStateException("expected " + layers + " layers, found " + done);
    }
    return (System.nanoTime() - start) / 1e6 / iterations / layers;
  }

  /** The network up to the activation after so many convolutions, its first stride 2 as usual. */
  private static Network network(int layers) {
    Graph whole = Qalibre.of(MobileNetV2.graph(SIZE, 10, 1)).foldBatchNorms().graph();
    List<Node> nodes = new ArrayList<>();
    int convolutions = 0;
    for (OperatorNode node : whole.operators()) {
      convolutions += node.type().equals("Conv") ? 1 : 0;
      if (convolutions > layers) {
        break;
      }
      nodes.add(
          nodes.isEmpty()
              ? node.withAttributes(node.attributes().with("strides", List.of(2L, 2L)))
              : node);
    }
    String output = ((OperatorNode) nodes.get(nodes.size() - 1)).output();
    TensorShape open = TensorShape.of(Dim.unknown(), Dim.unknown(), Dim.unknown(), Dim.unknown());
    GraphBuilder builder = new GraphBuilder("first layers").nodes(nodes);
    whole.inputs().forEach(builder::input);
    whole.initializers().forEach(builder::initializer);
    return Qalibre.of(
        builder
            .output(new ValueInfo(output, DataType.FLOAT, open))
            .withoutUnusedInitializers()
            .build());
  }
}
