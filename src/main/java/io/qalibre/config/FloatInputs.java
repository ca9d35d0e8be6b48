package io.qalibre.config;

import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Leaves the inputs of some operators in floats, by the config's list of those that its target
 * computes in floats, or should: between two quantizers runtimes would take them for integer
 * operators.
 *
 * <p>{@code int8} names Softmax. ONNX Runtime (1.23) makes one between quantizers a QLinearSoftmax,
 * which multiplies by 1/scale rounded down to an integer: by 254 where the scale is 1/255. Its
 * table of exponentials, moreover, overflows where the scale is below 1/(148·n) for n inputs, which
 * it is where no probability reaches 1.7/n: a flat attention comes out as random codes. TensorRT
 * and OpenVINO have no Softmax of integers. The product in front of it loses nothing: MatMul and
 * Gemm are integer kernels also where they give out floats.
 *
 * <p>An input that something else reads stays quantized, and so does one that a convolution writes:
 * convolutions are integer kernels only where their output is quantized.
 */
final class FloatInputs {
  private static final Set<String> CONVOLUTIONS = Set.of("Conv", "ConvTranspose");

  private final List<String> types;
  private final QuantizerTable table;
  private final Graph graph;

  FloatInputs(RuntimeConfig config, QuantizerTable table) {
    types = config.deviations().floatInputs();
    this.table = table;
    graph = table.graph();
  }

  void apply() {
    for (OperatorNode node : graph.operators()) {
      if (types.contains(node.type())) {
        leave(node.input(0), "qalibre.float_inputs " + node.type());
      }
    }
  }

  /** Switches off a tensor's quantizer, or that before operators which hand its values on. */
  private void leave(String tensor, String rule) {
    String at = tensor;
    while (graph.hasSingleConsumer(at)) {
      Optional<OperatorNode> writer = graph.producingOperator(at);
      if (writer.isEmpty() || endsConvolution(writer.get())) {
        return;
      }
      table.get(at).filter(QuantizerState::enabled).ifPresent(state -> state.enable(false, rule));
      if (!OperatorFamilies.handsValuesOn(writer.get())) {
        return;
      }
      at = writer.get().input(0);
    }
  }

  /** Whether a node is a convolution, or the last of those that are fused to one. */
  private boolean endsConvolution(OperatorNode node) {
    return CONVOLUTIONS.contains(node.type())
        || (node.hasInput(0)
            && table.get(node.input(0)).filter(QuantizerState::enabled).isEmpty()
            && graph.producingOperator(node.input(0)).filter(this::endsConvolution).isPresent());
  }
}
