package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Decides for each operator with weights and a bias whether an integer kernel can compute it. */
final class BiasPlan {
  private final Simulation simulation;
  private final Graph graph;
  private final Map<String, IntegerBias> integers = new HashMap<>();
  private final Map<String, Tensor> added = new HashMap<>();

  /**
   * Plans for a simulation.
   *
   * @param simulation a graph whose quantizers are all enabled
   */
  BiasPlan(Simulation simulation, ActivationGrids grids) {
    this.simulation = simulation;
    this.graph = simulation.graph();
    for (OperatorNode node : graph.operators()) {
      if (IntegerBias.concerns(node)) {
        grids.grid(node.input(0)).ifPresent(input -> plan(node, input));
      }
    }
  }

  /** The integers of the bias that an operator adds, where an integer kernel can compute it. */
  Optional<IntegerBias> integers(OperatorNode node) {
    return Optional.ofNullable(integers.get(node.name()));
  }

  /**
   * What is added to the product of an operator that no integer kernel can compute, in a shape that
   * goes with the output; its own bias is left out then. The addition keeps runtimes from taking
   * the operator for an integer one: ONNX Runtime turns a float bias, and even float weights, into
   * integers by itself where quantizers stand around them, and overflows.
   */
  Optional<Tensor> added(OperatorNode node) {
    return Optional.ofNullable(added.get(node.name()));
  }

  /** Whether a quantizer quantizes a bias. */
  static boolean isBias(QuantizerNode node) {
    return node.placement().kind() == Kind.BIAS;
  }

  private void plan(OperatorNode node, Encoding input) {
    TensorEncoding weight = weight(node.input(1)).orElse(null);
    Tensor bias = node.hasInput(2) ? bias(node.input(2)).orElse(null) : null;
    if (weight == null || (node.hasInput(2) && bias == null)) {
      return;
    }
    // Integer kernels know one zero point a weight.
    boolean whole = weight.grids().stream().mapToLong(Encoding::offset).distinct().count() == 1;
    if (bias == null) {
      if (!whole) {
        int channels = weight.grids().size();
        added.put(node.name(), addend(node, Tensor.of(new float[channels], channels)));
      }
      return;
    }
    (whole ? IntegerBias.of(node, bias, input, weight) : Optional.<IntegerBias>empty())
        .ifPresentOrElse(
            found -> integers.put(node.name(), found),
            () -> added.put(node.name(), addend(node, bias)));
  }

  /** A bias as a tensor that broadcasts to the operator's output. */
  private Tensor addend(OperatorNode node, Tensor bias) {
    if (node.type().equals("Gemm")) {
      float[] values = bias.floats();
      float beta = node.attributes().number("beta", 1);
      for (int i = 0; i < values.length; i++) {
        values[i] *= beta;
      }
      return Tensor.of(values, bias.sizes());
    }
    if (node.type().equals("MatMul")) {
      return bias;
    }
    QuantizerNode weight = (QuantizerNode) graph.producer(node.input(1)).orElseThrow();
    long[] shape = new long[graph.initializer(weight.input()).rank() - 1];
    Arrays.fill(shape, 1);
    shape[0] = bias.size();
    return bias.reshape(shape);
  }

  /** The grids of a weight that integer kernels could know: blocks and half floats are not. */
  private Optional<TensorEncoding> weight(String tensor) {
    return graph.producer(tensor).orElse(null) instanceof QuantizerNode quantizer
            && graph.isInitializer(quantizer.input())
            && !quantizer.spec().format().floating()
            && !simulation.encoding(quantizer.id()).perBlock()
        ? Optional.of(simulation.encoding(quantizer.id()))
        : Optional.empty();
  }

  private Optional<Tensor> bias(String tensor) {
    return graph.producer(tensor).orElse(null) instanceof QuantizerNode quantizer
            && graph.isInitializer(quantizer.input())
        ? Optional.of(simulation.rounded(quantizer))
        : Optional.ofNullable(graph.initializers().get(tensor));
  }
}
