package io.qalibre.graph.op;

/** What a code rule may ask; expressions are TorchScript as it stands in archives. */
public interface CodeContext extends NodeContext {
  /** The variable that holds an input. */
  String input(int index);

  /**
   * Whether a normalization over the batch uses the batch's statistics, and updates its own in
   * place, rather than use its own.
   */
  boolean liveStatistics();

  /** The variable that holds an optional input, or {@code None}. */
  default String optional(int index) {
    return has(index) ? input(index) : "None";
  }
}
