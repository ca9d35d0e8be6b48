package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a simulation's quantizers as ONNX operators, QuantizeLinear and DequantizeLinear, which
 * runtimes fuse with the operators between into integer kernels.
 *
 * <ul>
 *   <li>Activations become uint8 codes with a zero point; symmetric ones have zero at 128.
 *   <li>Weights are stored as int8 codes with zero point 0 (asymmetric ones as uint8), with a scale
 *       for each channel where the simulation has one.
 *   <li>The bias of a Conv or Gemm whose input and weight are quantized is stored as int32 codes in
 *       steps of s_in·s_w.
 *   <li>A layer that no integer kernel can compute runs in float, and its bias is added by an Add
 *       of its own: where a bias's code would not fit into 32 bits, as a channel of tiny weights
 *       and a large bias can cause, and where the channels of a weight have different zero points.
 *   <li>An operator that only moves values, such as MaxPool, gets its input's grid on its output
 *       once more: this changes no value, and lets a runtime keep codes all the way.
 * </ul>
 *
 * <p>Scales are the float32 that the simulation computes with. Inputs, outputs and the tensors
 * between keep their names; codes are called {@code <tensor>_q}, quantized tensors {@code
 * <tensor>_qdq}.
 */
public final class QdqGraph {
  private static final int BITS = 8;
  private static final long FIRST_OPSET = 10;
  private static final long FIRST_OPSET_PER_CHANNEL = 13;

  private final Simulation simulation;
  private final Graph graph;
  private final ActivationGrids grids;
  private final BiasPlan plan;
  private final QdqNodes result;

  /** What is read instead of a tensor. */
  private final Map<String, String> renamed = new HashMap<>();

  private QdqGraph(Simulation simulation) {
    this.simulation = simulation;
    graph = simulation.graph();
    grids = new ActivationGrids(simulation);
    plan = new BiasPlan(simulation, grids);
    result = new QdqNodes(graph);
  }

  /**
   * The graph of operators only.
   *
   * @param simulation a graph with an encoding for each enabled quantizer, of 8 bits; a bias may
   *     have other bits
   * @throws QalibreException if a quantizer has other bits or no encoding, or the graph's operator
   *     set is older than QuantizeLinear
   */
  public static Graph of(Simulation simulation) {
    Simulation enabled = ActivationGrids.enabledOnly(simulation);
    check(enabled);
    return new QdqGraph(enabled).build();
  }

  private static void check(Simulation simulation) {
    Graph graph = simulation.graph();
    long needed = FIRST_OPSET;
    for (QuantizerNode node : graph.quantizers()) {
      TensorEncoding encoding = simulation.encoding(node.id());
      if (encoding.bitwidth() != BITS && !BiasPlan.isBias(node)) {
        throw new QalibreException(
            "QDQ ONNX holds only 8 bits yet: `"
                + node.tensor()
                + "` is quantized to "
                + encoding.bitwidth());
      }
      if (encoding.perChannel()) {
        needed = FIRST_OPSET_PER_CHANNEL;
      }
    }
    long found = graph.info().opset();
    if (found < needed) {
      throw new QalibreException(
          "%s: QDQ ONNX needs opset %d or later, found %d; convert the model first, for instance with Python's onnx.version_converter"
              .formatted(graph.name(), needed, found));
    }
  }

  private Graph build() {
    for (Node node : graph.nodes()) {
      if (node instanceof QuantizerNode quantizer) {
        quantize(quantizer);
      } else if (node instanceof OperatorNode operator) {
        operate(operator);
      }
    }
    return result.build();
  }

  private void quantize(QuantizerNode node) {
    TensorEncoding encoding = simulation.encoding(node.id());
    Tensor constant = graph.initializers().get(node.input());
    if (constant == null) {
      result.roundTrip(node.tensor(), read(node.input()), encoding, node.output());
    } else if (BiasPlan.isBias(node)) {
      result.constant(node.output(), BiasPlan.onGrid(simulation, node));
    } else {
      IntegerTensor codes =
          node.parameter()
              ? IntegerTensor.parameter(constant, encoding)
              : IntegerTensor.activation(constant, encoding);
      result.dequantize(node.tensor(), codes, encoding.axis(), node.output());
    }
  }

  private void operate(OperatorNode node) {
    List<String> inputs = new ArrayList<>(node.inputs().stream().map(this::read).toList());
    plan.integers(node).ifPresent(bias -> inputs.set(2, store(node.input(2), bias)));
    OperatorNode wired = node.withInputs(inputs);
    Encoding grid = ActivationGrids.keepsGrid(node) ? grids.grid(node.output()).orElse(null) : null;
    Tensor bias = plan.added(node).orElse(null);
    if (bias != null) {
      result.addSeparately(wired.withInputs(inputs.subList(0, 2)), bias);
    } else if (grid == null || quantized(node.output())) {
      result.add(wired);
    } else {
      keepGrid(wired, grid);
    }
  }

  /** Gives an operator that only moves values its input's grid on its output once more. */
  private void keepGrid(OperatorNode node, Encoding grid) {
    String tensor = node.output();
    boolean output = graph.isOutput(tensor);
    String raw = output ? result.fresh(tensor + "_raw") : tensor;
    String quantized = output ? tensor : result.fresh(tensor + "_qdq");
    List<String> outputs = new ArrayList<>(node.outputs());
    outputs.set(0, raw);
    result.add(node.withOutputs(outputs));
    result.roundTrip(tensor, raw, TensorEncoding.perTensor(grid), quantized);
    renamed.put(tensor, quantized);
  }

  private String store(String tensor, IntegerBias bias) {
    String output = result.fresh(tensor + "_dq");
    int axis = bias.scale().rank() == 0 ? Granularity.NO_AXIS : 0;
    result.dequantize(tensor, bias.stored(), axis, output);
    return output;
  }

  private String read(String tensor) {
    return renamed.getOrDefault(tensor, tensor);
  }

  private boolean quantized(String tensor) {
    return graph.consumers(tensor).stream().anyMatch(QuantizerNode.class::isInstance);
  }
}
