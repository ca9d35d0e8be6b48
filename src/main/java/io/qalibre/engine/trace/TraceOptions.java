package io.qalibre.engine.trace;

import io.qalibre.graph.ModelInfo;
import java.util.Map;

/**
 * How a trace is made.
 *
 * @param training whether the block is run as in a training
 * @param info what the graph says of itself; its opset decides how some operators are written
 */
record TraceOptions(boolean training, ModelInfo info) {
  /** Since which opset reductions other than sums take their axes as an input. */
  private static final long AXES_AS_INPUT = 18;

  /** The first opset with Gelu. */
  private static final ModelInfo WITH_GELU = new ModelInfo(20, 9, "qalibre", "", Map.of());

  /** The oldest opset that has what a block calls. */
  static TraceOptions of(boolean training, boolean gelu) {
    return new TraceOptions(training, gelu ? WITH_GELU : ModelInfo.OWN);
  }

  /** Whether all reductions take their axes as an input, rather than as an attribute. */
  boolean axesAsInput() {
    return info.opset() >= AXES_AS_INPUT;
  }
}
