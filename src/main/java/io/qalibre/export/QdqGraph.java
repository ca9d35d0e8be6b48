package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes a simulation's quantizers as ONNX operators, QuantizeLinear and DequantizeLinear, which
 * runtimes fuse with the operators between into integer kernels.
 *
 * <ul>
 *   <li>Activations become uint8 codes with a zero point; symmetric ones have zero at 128.
 *   <li>Weights are stored as int8 codes with zero point 0 (asymmetric ones as uint8), with a scale
 *       for each channel where the simulation has one.
 *   <li>The bias of a Conv or Gemm whose input and weight are quantized is stored as int32 codes in
 *       steps of s_in·s_w. It stays float where a code would not fit into 32 bits, as a channel of
 *       tiny weights and a large bias can cause.
 *   <li>An operator that only moves values, such as MaxPool, gets its input's grid on its output
 *       once more: this changes no value, and lets a runtime keep codes all the way.
 *   <li>Weights whose channels have different zero points stay float values on their grid, since
 *       integer kernels know one zero point a tensor.
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
  private final QdqNodes result;

  /** Constants that operators read, by the name they read. */
  private final Map<String, Tensor> constants;

  /** The encodings of weights stored as codes, by the name that operators read. */
  private final Map<String, TensorEncoding> weights = new HashMap<>();

  /** What is read instead of a tensor. */
  private final Map<String, String> renamed = new HashMap<>();

  private QdqGraph(Simulation simulation) {
    this.simulation = simulation;
    graph = simulation.graph();
    grids = new ActivationGrids(simulation);
    result = new QdqNodes(graph);
    constants = new HashMap<>(graph.initializers());
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
      if (encoding.bitwidth() != BITS && !isBias(node)) {
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
    } else if (isBias(node) || zeroPoints(encoding) > 1) {
      Tensor onGrid =
          Tensor.of(
              FakeQuantizer.apply(constant.floats(), constant.sizes(), encoding), constant.sizes());
      constants.put(node.output(), onGrid);
      result.constant(node.output(), onGrid);
    } else {
      IntegerTensor codes =
          node.parameter()
              ? IntegerTensor.parameter(constant, encoding)
              : IntegerTensor.activation(constant, encoding);
      weights.put(node.output(), encoding);
      result.dequantize(node.tensor(), codes, encoding.axis(), node.output());
    }
  }

  private void operate(OperatorNode node) {
    List<String> inputs = new ArrayList<>(node.inputs().stream().map(this::read).toList());
    integerBias(node).ifPresent(bias -> inputs.set(2, store(node.input(2), bias)));
    OperatorNode wired = node.withInputs(inputs);
    Encoding grid = ActivationGrids.keepsGrid(node) ? grids.grid(node.output()).orElse(null) : null;
    if (grid == null || graph.consumers(node.output()).stream().anyMatch(QdqGraph::quantizes)) {
      result.add(wired);
      return;
    }
    String tensor = node.output();
    boolean output = graph.isOutput(tensor);
    String raw = output ? result.fresh(tensor + "_raw") : tensor;
    String quantized = output ? tensor : result.fresh(tensor + "_qdq");
    List<String> outputs = new ArrayList<>(node.outputs());
    outputs.set(0, raw);
    result.add(wired.withOutputs(outputs));
    result.roundTrip(tensor, raw, TensorEncoding.perTensor(grid), quantized);
    renamed.put(tensor, quantized);
  }

  private Optional<IntegerBias> integerBias(OperatorNode node) {
    if (!node.hasInput(2) || !constants.containsKey(node.input(2))) {
      return Optional.empty();
    }
    TensorEncoding weight = weights.get(node.input(1));
    return weight == null
        ? Optional.empty()
        : grids
            .grid(node.input(0))
            .flatMap(input -> IntegerBias.of(node, constants.get(node.input(2)), input, weight));
  }

  private String store(String tensor, IntegerBias bias) {
    String output = result.fresh(tensor + "_dq");
    int axis = bias.scale().rank() == 0 ? QuantizerSpec.PER_TENSOR : 0;
    result.dequantize(tensor, bias.stored(), axis, output);
    return output;
  }

  private String read(String tensor) {
    return renamed.getOrDefault(tensor, tensor);
  }

  private static boolean isBias(QuantizerNode node) {
    return node.placement().kind() == Kind.BIAS;
  }

  private static boolean quantizes(Node node) {
    return node instanceof QuantizerNode;
  }

  private static long zeroPoints(TensorEncoding encoding) {
    return encoding.channels().stream().mapToLong(Encoding::offset).distinct().count();
  }
}
