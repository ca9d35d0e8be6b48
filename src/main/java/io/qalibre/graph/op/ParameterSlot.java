package io.qalibre.graph.op;

import io.qalibre.graph.OperatorNode;
import java.util.function.ToIntFunction;

/**
 * An input of an operator that holds a parameter.
 *
 * @param kind the config's word for it: {@code weight}, {@code bias}, {@code running_mean} …
 * @param channelAxis the axis of the output channels, for a node of the operator
 */
public record ParameterSlot(String kind, ToIntFunction<OperatorNode> channelAxis) {
  static final ParameterSlot BIAS = new ParameterSlot("bias", node -> 0);

  static ParameterSlot weight(ToIntFunction<OperatorNode> channelAxis) {
    return new ParameterSlot("weight", channelAxis);
  }

  static ParameterSlot vector(String kind) {
    return new ParameterSlot(kind, node -> 0);
  }
}
