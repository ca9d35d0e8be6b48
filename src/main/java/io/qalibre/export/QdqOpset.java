package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.TensorEncoding;

/**
 * The operator set that a simulation's quantizers need as ONNX operators.
 *
 * <p>Source: the versions of ONNX's <a
 * href="https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html">QuantizeLinear</a>.
 */
final class QdqOpset {
  /** QuantizeLinear and DequantizeLinear of 8 bits. */
  private static final long PAIRS = 10;

  /** Clip with bounds as inputs. */
  private static final long CLIP = 11;

  private static final long CHANNELS = 13;

  /** Codes of 4 and 16 bits, and blocks. */
  private static final long BLOCKS_AND_BITS = 21;

  private QdqOpset() {}

  /**
   * The oldest operator set that has all that is needed, in either {@link QdqForm}: the types of
   * signed and unsigned codes came with the same ones.
   *
   * @param simulation a graph whose quantizers are all enabled
   * @throws QalibreException if ONNX has no operators for a quantizer, naming its tensor
   */
  static long needed(Simulation simulation) {
    return simulation.graph().quantizers().stream()
        .filter(node -> !node.spec().format().floating() && !BiasPlan.isBias(node))
        .mapToLong(node -> needed(node, simulation))
        .reduce(PAIRS, Math::max);
  }

  private static long needed(QuantizerNode node, Simulation simulation) {
    TensorEncoding encoding = simulation.encoding(node.id());
    if (encoding.bitwidth() > CodeType.MOST_BITS) {
      throw new QalibreException(
          "`%s` is quantized to %d bits, and ONNX's QuantizeLinear has %d at most; disable the quantizer, or give it fewer bits"
              .formatted(node.tensor(), encoding.bitwidth(), CodeType.MOST_BITS));
    }
    boolean computed = !simulation.graph().isInitializer(node.input());
    CodeType type =
        computed
            ? QdqForm.UNSIGNED.computed(encoding.bitwidth())
            : CodeType.holding(encoding.bitwidth(), false);
    if (type != CodeType.UINT8 || encoding.perBlock()) {
      return BLOCKS_AND_BITS;
    }
    if (encoding.perChannel()) {
      return CHANNELS;
    }
    return computed && encoding.first().steps() < type.steps() ? CLIP : PAIRS;
  }
}
