package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Granularity.PerBlock;
import io.qalibre.quant.Granularity.PerChannel;
import io.qalibre.quant.Grids;
import io.qalibre.quant.TensorEncoding;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The int32 encodings of biases that a simulation leaves in float, as AIMET makes them for files:
 * in steps of s_in·s_w for operators that multiply by a weight, so that a kernel adds them to its
 * sums as they are; in steps of |b|/2^31 for normalizations and recurrent layers, which have no
 * such sums. A bias has one where the operator's input and weight have grids, and the step is a
 * float32 number.
 */
final class BiasEncodings {
  private static final int BITS = 32;
  private static final long OFFSET = -(1L << (BITS - 1));

  private final Simulation simulation;
  private final Graph graph;
  private final ActivationGrids grids;

  BiasEncodings(Simulation simulation) {
    this.simulation = simulation;
    graph = simulation.graph();
    grids = new ActivationGrids(simulation);
  }

  /**
   * The encoding of a bias.
   *
   * @param node the operator that adds it, in the simulation
   * @param bias its value
   * @param symmetric whether its quantizer is symmetric, which decides how the codes are called
   */
  Optional<TensorEncoding> of(OperatorNode node, Tensor bias, boolean symmetric) {
    OperatorNode product = product(node);
    Encoding input = grids.grid(product.input(0)).orElse(null);
    TensorEncoding weight = weight(product).orElse(null);
    if (input == null || weight == null) {
      return Optional.empty();
    }
    double[] scales = scales(product, bias, input, weight);
    Granularity granularity =
        weight.granularity() == Granularity.PER_TENSOR
            ? Granularity.PER_TENSOR
            : new PerChannel(Math.max(0, bias.rank() - 1));
    boolean fits = scales.length == (granularity instanceof PerChannel ? bias.size() : 1);
    // The product of two very small steps is zero.
    if (!fits || Arrays.stream(scales).anyMatch(s -> !(s > 0) || Double.isInfinite(s))) {
      return Optional.empty();
    }
    List<Encoding> encodings =
        Arrays.stream(scales)
            .mapToObj(scale -> Encoding.of(scale, OFFSET, (1L << BITS) - 1, BITS, symmetric))
            .toList();
    return Optional.of(new TensorEncoding(granularity, encodings));
  }

  /** An Add after a product adds its bias. */
  private OperatorNode product(OperatorNode node) {
    if (!node.type().equals("Add")) {
      return node;
    }
    return node.inputs().stream()
        .map(graph::producingOperator)
        .flatMap(Optional::stream)
        .findFirst()
        .orElse(node);
  }

  /**
   * The grids of an operator's weight; of one that is computed, or reached through an Identity,
   * only where the steps of the sums depend on them.
   */
  private Optional<TensorEncoding> weight(OperatorNode node) {
    String tensor = node.input(1);
    if (graph.producer(tensor).orElse(null) instanceof QuantizerNode quantizer
        && quantizer.enabled()
        && !quantizer.spec().format().floating()) {
      return Optional.of(simulation.encoding(quantizer.id()));
    }
    return IntegerBias.concerns(node)
        ? grids.grid(tensor).map(TensorEncoding::perTensor)
        : Optional.empty();
  }

  private double[] scales(OperatorNode node, Tensor bias, Encoding input, TensorEncoding weight) {
    long[] sizes = weightSizes(node.input(1));
    WeightAxes axes = sizes == null ? null : WeightAxes.of(node, sizes.length).orElse(null);
    Granularity granularity = weight.granularity();
    if (granularity == Granularity.PER_TENSOR && IntegerBias.concerns(node)) {
      return new double[] {step(input.scale(), weight.first().scale())};
    }
    if (axes == null || axes.channel() != granularity.axis() || sizes == null) {
      return byMagnitude(bias, granularity != Granularity.PER_TENSOR);
    }
    List<Double> own = weight.grids().stream().map(Encoding::scale).toList();
    if (granularity instanceof PerBlock blocks) {
      BlockLayout layout = new BlockLayout(blocks, sizes);
      if (blocks.scaleBits() > 0) {
        return BlockMultiples.of(node.input(1), weight, layout).units().stream()
            .mapToDouble(unit -> (float) input.scale() * unit)
            .toArray();
      }
      own = largest(own, layout);
    }
    return own.stream().mapToDouble(scale -> step(input.scale(), scale)).toArray();
  }

  /** In float32, as kernels and AIMET multiply. */
  private static double step(double input, double weight) {
    return (float) input * (float) weight;
  }

  private long @Nullable [] weightSizes(String tensor) {
    String read =
        graph.producer(tensor).orElse(null) instanceof QuantizerNode quantizer
            ? quantizer.input()
            : tensor;
    Tensor value = graph.initializers().get(read);
    return value == null ? null : value.sizes();
  }

  private static List<Double> largest(List<Double> scales, BlockLayout layout) {
    int blocks = layout.blocks();
    return IntStream.range(0, layout.channels())
        .mapToObj(c -> scales.subList(c * blocks, (c + 1) * blocks))
        .map(Collections::max)
        .toList();
  }

  private static double[] byMagnitude(Tensor bias, boolean each) {
    float[] values = bias.floats();
    double[] scales = new double[values.length];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = Math.max(Math.abs((double) values[i]) / 0x1p31, Grids.minimumScale(BITS));
    }
    return each ? scales : Arrays.stream(scales).max().stream().toArray();
  }
}
