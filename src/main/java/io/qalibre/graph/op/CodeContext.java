package io.qalibre.graph.op;

/** What a code rule may ask and do; expressions are TorchScript as it stands in archives. */
public interface CodeContext extends NodeContext {
  /** The variable that holds an input. */
  String input(int index);

  /** Adds a statement before the node's own and gives the variable that holds its value. */
  String let(String expression);

  /** Adds a method to the program, once however often it is asked for. */
  void method(ScriptMethod method);

  /**
   * Whether a normalization over the batch uses the batch's statistics, and updates its own in
   * place, rather than use its own.
   */
  boolean liveStatistics();

  /** Whether dropouts drop, as they do while a network is trained. */
  boolean dropsOut();

  /** The variable that holds an optional input, or {@code None}. */
  default String optional(int index) {
    return has(index) ? input(index) : "None";
  }

  /**
   * An expression of type {@code List[int]}: the elements of an input that holds sizes or
   * positions, as numbers where they are known, else read when the program runs.
   */
  default String integers(int index) {
    return longs(index)
        .map(Literals::list)
        .orElseGet(
            () ->
                let(
                    "annotate(List[int], torch.flatten(%s).tolist())"
                        .formatted(Types.cast(input(index), Types.INT64))));
  }

  /** An expression of type {@code int}: the only element of an input. */
  default String integer(int index) {
    return longs(index)
        .map(values -> Literals.number(values[0]))
        .orElseGet(() -> let("int(" + input(index) + ")"));
  }
}
