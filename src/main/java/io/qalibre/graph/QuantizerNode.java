package io.qalibre.graph;

import io.qalibre.quant.QuantizerSpec;
import java.util.List;

/**
 * A quantizer in a graph: it reads a float tensor and writes the nearest values of its grid. The
 * grid itself, the encoding, is kept beside the graph under the quantizer's {@link #id}.
 *
 * @param id the key of its encoding; quantizers that share an encoding share the id
 * @param tensor the tensor it quantizes, by its ONNX name
 * @param input the graph's tensor it reads
 * @param output the graph's tensor it writes
 * @param spec what it does
 * @param placement why it stands here
 */
public record QuantizerNode(
    String id,
    String tensor,
    String input,
    String output,
    QuantizerSpec spec,
    QuantizerPlacement placement)
    implements Node {

  @Override
  public String name() {
    return "quantizer:" + output;
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public List<String> outputs() {
    return List.of(output);
  }

  /** The same with another spec. */
  public QuantizerNode withSpec(QuantizerSpec other) {
    return new QuantizerNode(id, tensor, input, output, other, placement);
  }

  /**
   * The same switched on or off.
   *
   * @param on whether it quantizes
   * @param rule why
   */
  public QuantizerNode switched(boolean on, String rule) {
    return new QuantizerNode(id, tensor, input, output, spec, placement.enabled(on, rule));
  }

  /** Whether it quantizes; a disabled quantizer passes values through. */
  public boolean enabled() {
    return placement.enabled();
  }

  /** Whether it quantizes a parameter (weight, bias) rather than an activation. */
  public boolean parameter() {
    return placement.kind() != QuantizerPlacement.Kind.ACTIVATION;
  }
}
