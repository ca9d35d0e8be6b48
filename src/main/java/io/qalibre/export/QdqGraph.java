package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.HalfFloats;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.OpsetUpgrade;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a simulation's quantizers as ONNX operators, QuantizeLinear and DequantizeLinear, which
 * runtimes fuse with the operators between into integer kernels.
 *
 * <ul>
 *   <li>Activations become unsigned codes with a zero point; symmetric ones have zero at half of
 *       all. Codes are of 8 or 16 bits; a grid of fewer lies in the next larger type, behind a Clip
 *       to its ends. (ONNX has codes of 4 bits for computed tensors too, but ONNX Runtime 1.23
 *       refuses them behind a Clip and in front of a MaxPool.)
 *   <li>Weights are stored as signed codes of 4, 8 or 16 bits with zero point 0 (asymmetric ones as
 *       unsigned), with a scale for each channel or block where the simulation has one. Other bits
 *       lie in the next larger type. In a file two codes of 4 bits share a byte.
 *   <li>The bias of a Conv or Gemm whose input and weight are quantized is stored as int32 codes in
 *       steps of s_in·s_w; beside a weight with blocks it stays a float.
 *   <li>A layer that no integer kernel can compute runs in float, and its bias is added by an Add
 *       of its own: where a bias's code would not fit into 32 bits, as a channel of tiny weights
 *       and a large bias can cause, and where the channels of a weight have different zero points.
 *   <li>Half-precision floats are Casts: of an activation to float16 and back, of a weight from a
 *       float16 initializer.
 *   <li>An operator that only moves values, such as MaxPool, gets its input's grid on its output
 *       once more: this changes no value, and lets a runtime keep codes all the way.
 *   <li>Quantizers that are disabled, or whose output nothing reads, are left out.
 * </ul>
 *
 * <p>So it is in {@link QdqForm#UNSIGNED}. In {@link QdqForm#SIGNED} activations become signed
 * codes with zero point 0 and those biases stay floats; all else is the same.
 *
 * <p>Scales are the float32 that the simulation computes with. Inputs, outputs and the tensors
 * between keep their names; codes are called {@code <tensor>_q}, quantized tensors {@code
 * <tensor>_qdq}.
 *
 * <p>The operator set is the graph's own where that has all that is needed, and otherwise raised by
 * {@link OpsetUpgrade}: to 10 for grids of 8 bits, 13 for channels, 21 for weights of 4 bits, codes
 * of 16 bits and blocks.
 *
 * <p>QuantizeLinear rounds half to even. Where a simulation rounds half away from zero (AIMET's
 * rounding), weights are stored as it rounds them, but the file's activations may be a code below
 * the simulation's where a value lies exactly half-way. ONNX Runtime with its optimizations turns
 * float weights, also those stored as float16, into int8 by itself where quantized activations
 * stand around their layer; without optimizations it computes what the file says.
 */
public final class QdqGraph {
  private final Simulation simulation;
  private final Graph graph;
  private final ActivationGrids grids;
  private final BiasPlan plan;
  private final QdqForm form;
  private final QdqNodes result;

  /** What is read instead of a tensor. */
  private final Map<String, String> renamed = new HashMap<>();

  private QdqGraph(Simulation simulation, QdqForm form) {
    this.simulation = simulation;
    this.form = form;
    graph = simulation.graph();
    grids = new ActivationGrids(simulation);
    plan = new BiasPlan(simulation, grids);
    result = new QdqNodes(graph, form);
  }

  /** The graph of operators only, in {@link QdqForm#UNSIGNED}; see the other method. */
  public static Graph of(Simulation simulation) {
    return of(simulation, QdqForm.UNSIGNED);
  }

  /**
   * The graph of operators only.
   *
   * @param simulation a graph with an encoding for each enabled quantizer of codes
   * @param form which integers it holds
   * @throws QalibreException if a quantizer has more than 16 bits, which a bias may have, or no
   *     encoding, or the form cannot hold its codes, or the graph's operator set is too old and
   *     cannot be raised
   */
  public static Graph of(Simulation simulation, QdqForm form) {
    Simulation enabled = ActivationGrids.enabledOnly(simulation);
    long opset = QdqOpset.needed(enabled);
    if (form == QdqForm.SIGNED) {
      SignedCodes.require(enabled);
    }
    Graph raised = OpsetUpgrade.to(enabled.graph(), opset);
    return new QdqGraph(new Simulation(raised, simulation.encodings()), form).build();
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
    Tensor constant = graph.initializers().get(node.input());
    if (constant != null && BiasPlan.isBias(node)) {
      result.constant(node.output(), simulation.rounded(node));
    } else if (node.spec().format().floating()) {
      roundToHalf(node, constant);
    } else if (constant == null) {
      TensorEncoding encoding = simulation.encoding(node.id());
      result.roundTrip(node.tensor(), read(node.input()), encoding, node.output());
    } else {
      TensorEncoding encoding = simulation.encoding(node.id());
      Rounding rounding = node.spec().format().rounding();
      IntegerTensor codes =
          node.parameter()
              ? IntegerTensor.parameter(constant, encoding, rounding)
              : IntegerTensor.activation(constant, encoding, rounding, form);
      result.dequantize(node.tensor(), codes, encoding.granularity(), node.output());
    }
  }

  private void roundToHalf(QuantizerNode node, @Nullable Tensor constant) {
    if (constant == null) {
      result.halfTrip(node.tensor(), read(node.input()), node.output());
      return;
    }
    // The Cast takes the constant's place, whose name readers of the file then find.
    boolean replaces = graph.hasSingleConsumer(node.input()) && !graph.isOutput(node.output());
    String output = replaces ? node.input() : node.output();
    result.widen(node.tensor(), HalfFloats.narrowed(constant), output);
    renamed.put(node.output(), output);
  }

  private void operate(OperatorNode node) {
    List<String> inputs = new ArrayList<>(node.inputs().stream().map(this::read).toList());
    if (form.integerBiases()) {
      plan.integers(node).ifPresent(bias -> inputs.set(2, store(node.input(2), bias)));
    }
    OperatorNode wired = node.withInputs(inputs);
    Encoding grid =
        ActivationGrids.keepsGrid(node, graph) ? grids.grid(node.output()).orElse(null) : null;
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
    Granularity granularity =
        Granularity.ofAxis(bias.scale().rank() == 0 ? Granularity.NO_AXIS : 0);
    result.dequantize(tensor, bias.stored(), granularity, output);
    return output;
  }

  private String read(String tensor) {
    return renamed.getOrDefault(tensor, tensor);
  }

  private boolean quantized(String tensor) {
    return graph.consumers(tensor).stream().anyMatch(QuantizerNode.class::isInstance);
  }
}
