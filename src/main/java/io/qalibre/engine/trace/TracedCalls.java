package io.qalibre.engine.trace;

/**
 * The calls of DJL's arrays that have a counterpart in ONNX. A new one is one entry in a family.
 */
final class TracedCalls {
  /** All of them. */
  static final CallTable ALL = new CallTable();

  static {
    LayerCalls.addTo(ALL);
    PoolCalls.addTo(ALL);
    ActivationCalls.addTo(ALL);
    ArithmeticCalls.addTo(ALL);
    ReductionCalls.addTo(ALL);
    ShapeCalls.addTo(ALL);
    IndexCalls.addTo(ALL);
    RecurrentCalls.addTo(ALL);
  }

  private TracedCalls() {}
}
