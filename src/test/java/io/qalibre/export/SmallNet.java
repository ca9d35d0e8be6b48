package io.qalibre.export;

import io.qalibre.data.Samples;
import io.qalibre.engine.Calibrator;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A small network with quantizers, placed by hand: input N×3×8×8 → Conv, Relu → MaxPool → depthwise
 * Conv, Clip → Add with the MaxPool's output → GlobalAveragePool → Flatten → Gemm → output N×10.
 */
final class SmallNet {
  static final int CLASSES = 10;

  private final Random random = new Random(7);
  private final GraphBuilder builder = new GraphBuilder("small");
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, String> read = new HashMap<>();
  private final boolean perChannel;
  private final Symmetry activations;

  private SmallNet(boolean perChannel, Symmetry activations) {
    this.perChannel = perChannel;
    this.activations = activations;
  }

  /** The network with quantizers and weights per channel, calibrated. */
  static Simulation simulation() {
    return Calibrator.calibrate(placed(true, Symmetry.ASYMMETRIC), samples(4)).simulation();
  }

  /** The network with quantizers, without encodings. */
  static Graph placed(boolean perChannel, Symmetry activations) {
    return new SmallNet(perChannel, activations).build();
  }

  /** Batches of eight inputs, from a normal distribution. */
  static Samples samples(int batches) {
    Random random = new Random(3);
    return Samples.of(
        IntStream.range(0, batches)
            .mapToObj(i -> Map.of("input", normal(random, 1, 8, 3, 8, 8)))
            .toList());
  }

  static Tensor normal(Random random, double deviation, long... shape) {
    float[] values = new float[(int) TensorShape.of(shape).elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return Tensor.of(values, shape);
  }

  private Graph build() {
    Dim batch = Dim.symbolic("N");
    TensorShape pictures = TensorShape.of(batch, Dim.of(3), Dim.of(8), Dim.of(8));
    builder.input(new ValueInfo("input", DataType.FLOAT, pictures));
    builder.output(new ValueInfo("output", DataType.FLOAT, TensorShape.of(batch, Dim.of(CLASSES))));
    builder.initializer("low", Tensor.scalar(0)).initializer("high", Tensor.scalar(2));
    activation("input", true);
    List<Long> ones = List.of(1L, 1L, 1L, 1L);
    weights("c1", 0.3, 16, 3, 3, 3);
    operator("Conv", Map.of("pads", ones), "c1_out", "input", "c1.weight", "c1.bias");
    activation("c1_out", false);
    operator("Relu", Map.of(), "relu", "c1_out");
    activation("relu", true);
    Map<String, Object> window =
        Map.of("kernel_shape", List.of(2L, 2L), "strides", List.of(2L, 2L));
    operator("MaxPool", window, "pool", "relu");
    activation("pool", false);
    weights("dw", 0.5, 16, 1, 3, 3);
    operator("Conv", Map.of("pads", ones, "group", 16L), "dw_out", "pool", "dw.weight", "dw.bias");
    activation("dw_out", false);
    operator("Clip", Map.of(), "clip", "dw_out", "low", "high");
    activation("clip", true);
    operator("Add", Map.of(), "add", "clip", "pool");
    activation("add", true);
    operator("GlobalAveragePool", Map.of(), "mean", "add");
    activation("mean", true);
    operator("Flatten", Map.of(), "flat", "mean");
    weights("fc", 0.4, CLASSES, 16);
    operator("Gemm", Map.of("transB", 1L), "output", "flat", "fc.weight", "fc.bias");
    activation("output", true);
    return builder.nodes(nodes).build();
  }

  private void weights(String layer, double deviation, long... shape) {
    builder.initializer(layer + ".weight", normal(random, deviation, shape));
    builder.initializer(layer + ".bias", normal(random, 0.2, shape[0]));
    QuantizerSpec spec = spec(Symmetry.SYMMETRIC).withAxis(perChannel ? 0 : -1);
    quantizer(Kind.WEIGHT, layer + ".weight", true, spec);
    quantizer(Kind.BIAS, layer + ".bias", false, spec(Symmetry.SYMMETRIC));
  }

  private void activation(String tensor, boolean enabled) {
    quantizer(Kind.ACTIVATION, tensor, enabled, spec(activations));
  }

  private static QuantizerSpec spec(Symmetry symmetry) {
    return QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, symmetry);
  }

  private void quantizer(Kind kind, String tensor, boolean enabled, QuantizerSpec spec) {
    boolean output = tensor.equals("output");
    read.put(tensor, output ? tensor : tensor + "_qdq");
    QuantizerPlacement placement = new QuantizerPlacement(kind, "", enabled, "test");
    nodes.add(
        new QuantizerNode(
            tensor,
            tensor,
            output ? tensor + "_raw" : tensor,
            read.getOrDefault(tensor, tensor),
            spec,
            placement));
  }

  private void operator(
      String type, Map<String, Object> attributes, String output, String... inputs) {
    nodes.add(
        new OperatorNode(
            "/" + output,
            type,
            IntStream.range(0, inputs.length)
                .mapToObj(i -> read.getOrDefault(inputs[i], inputs[i]))
                .toList(),
            List.of(output.equals("output") ? "output_raw" : output),
            new Attributes(new LinkedHashMap<>(attributes))));
  }
}
