package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Raises weights' scales where an integer kernel would overflow 32 bits: in a channel of tiny
 * weights and a large bias, as pruned or dead channels are. What such a channel loses is less than
 * a step of its output. AIMET 2.42 does the same after every calibration ({@code
 * _adjust_weight_scales_against_overflow}).
 *
 * <p>With T = 2^31 − 2^15, the input's scale s_in and the bias b, a scale s_w is raised to at least
 *
 * <ol>
 *   <li>|b| / (T·s_in), so that the bias fits;
 *   <li>2^−23.5 · s_out / s_in, where the output is quantized to steps s_out, so that a kernel can
 *       scale its sums to them;
 *   <li>|round(b/s_b) + round(o·s_out/s_b)| · s_b / (T·s_in), with s_b = s_in·s_w and the output's
 *       offset o, so that the bias with the output's zero point in it fits.
 * </ol>
 */
public final class OverflowGuard {
  private static final double LARGEST = 0x1p31 - 0x1p15;
  private static final double LEAST_RATIO = Math.pow(2, -23.5);

  private final Simulation simulation;
  private final Graph graph;
  private final ActivationGrids grids;
  private final Map<String, TensorEncoding> encodings;

  private OverflowGuard(Simulation simulation) {
    this.simulation = simulation;
    graph = simulation.graph();
    grids = new ActivationGrids(simulation);
    encodings = new LinkedHashMap<>(simulation.encodings());
  }

  /**
   * The simulation with weights' scales raised where necessary.
   *
   * @param simulation a graph with an encoding for each enabled quantizer
   */
  public static Simulation apply(Simulation simulation) {
    OverflowGuard guard = new OverflowGuard(simulation);
    simulation.graph().operators().stream().filter(IntegerBias::concerns).forEach(guard::operator);
    return new Simulation(simulation.graph(), guard.encodings);
  }

  private void operator(OperatorNode node) {
    Optional<QuantizerNode> weight = quantizer(graph.producer(node.input(1)));
    Optional<Encoding> input = grids.grid(node.input(0));
    if (weight.isPresent() && graph.isInitializer(weight.get().input()) && input.isPresent()) {
      TensorEncoding encoding = encodings.get(weight.get().id());
      if (encoding != null && !encoding.perBlock()) {
        encodings.put(weight.get().id(), raised(node, encoding, input.get().scale()));
      }
    }
  }

  private static Optional<QuantizerNode> quantizer(Optional<Node> node) {
    return node.filter(QuantizerNode.class::isInstance)
        .map(QuantizerNode.class::cast)
        .filter(QuantizerNode::enabled);
  }

  private TensorEncoding raised(OperatorNode node, TensorEncoding weight, double input) {
    float[] bias = bias(node);
    @Nullable Encoding output = output(node);
    int count = weight.grids().size();
    List<Encoding> raised = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Encoding grid = weight.grids().get(i);
      double scale = grid.scale();
      for (int j = i; j < bias.length; j += count) {
        scale = Math.max(scale, Math.abs(bias[j]) / (LARGEST * input));
      }
      if (output != null) {
        scale = Math.max(scale, LEAST_RATIO * output.scale() / input);
        double step = input * scale;
        double zero = Math.rint(output.offset() * output.scale() / step);
        for (int j = i; j < Math.max(bias.length, i + 1); j += count) {
          double sum = zero + (j < bias.length ? Math.rint(bias[j] / step) : 0);
          scale = Math.max(scale, Math.abs(sum * step) / (LARGEST * input));
        }
      }
      raised.add(
          scale == grid.scale()
              ? grid
              : Encoding.of(
                  (float) scale, grid.offset(), grid.steps(), grid.bitwidth(), grid.symmetric()));
    }
    return new TensorEncoding(weight.granularity(), raised);
  }

  /** The values an operator adds, one an output channel; none where it has no constant bias. */
  private float[] bias(OperatorNode node) {
    Tensor value = node.hasInput(2) ? constant(node.input(2)) : addedAfter(node);
    return value == null ? new float[0] : value.floats();
  }

  private @Nullable Tensor constant(String tensor) {
    String read =
        graph.producer(tensor).orElse(null) instanceof QuantizerNode quantizer
            ? quantizer.input()
            : tensor;
    return graph.initializers().get(read);
  }

  /** The bias that an Add adds to a matrix product, as the rules of placement have found it. */
  private @Nullable Tensor addedAfter(OperatorNode node) {
    return reader(node.output())
        .filter(add -> add.type().equals("Add"))
        .flatMap(
            add ->
                add.inputs().stream()
                    .filter(this::isBias)
                    .map(this::constant)
                    .filter(Objects::nonNull)
                    .findFirst())
        .orElse(null);
  }

  private boolean isBias(String tensor) {
    return graph.producer(tensor).orElse(null) instanceof QuantizerNode quantizer
        && BiasPlan.isBias(quantizer);
  }

  /** The only operator that reads a tensor as it is. */
  private Optional<OperatorNode> reader(String tensor) {
    List<Node> readers = graph.consumers(tensor);
    if (readers.size() != 1) {
      return Optional.empty();
    }
    if (readers.get(0) instanceof QuantizerNode quantizer) {
      return quantizer.enabled() ? Optional.empty() : reader(quantizer.output());
    }
    return Optional.of((OperatorNode) readers.get(0));
  }

  /** The grid that an operator's output is quantized to right away. */
  private @Nullable Encoding output(OperatorNode node) {
    return graph.consumers(node.output()).stream()
        .map(consumer -> quantizer(Optional.of(consumer)))
        .flatMap(Optional::stream)
        .map(quantizer -> simulation.encodings().get(quantizer.id()))
        .filter(Objects::nonNull)
        .findFirst()
        .map(TensorEncoding::first)
        .orElse(null);
  }
}
