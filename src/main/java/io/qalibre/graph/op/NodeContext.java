package io.qalibre.graph.op;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.Optional;

/** What an operator's rules may ask about the node they are applied to. */
public interface NodeContext {
  /** The node. */
  OperatorNode node();

  /** The shape of an input that is given. */
  TensorShape shape(int input);

  /** The value of an input, where it is an initializer. */
  Optional<Tensor> constant(int input);

  /** The node's attributes. */
  default Attributes attributes() {
    return node().attributes();
  }

  /** Whether an input is given. */
  default boolean has(int input) {
    return node().hasInput(input);
  }

  /**
   * The value of an input that has to be an initializer.
   *
   * @throws QalibreException if it is computed
   */
  default Tensor required(int input) {
    return constant(input)
        .orElseThrow(
            () ->
                error(
                    "input `"
                        + node().input(input)
                        + "` has to be a constant, found a computed tensor"));
  }

  /** An error that names the node. */
  default QalibreException error(String message) {
    return new QalibreException(node().type() + " `" + node().name() + "`: " + message);
  }
}
