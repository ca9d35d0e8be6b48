package io.qalibre.graph.op;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.List;
import java.util.Optional;

/** What an operator's rules may ask about the node they are applied to. */
public interface NodeContext {
  /** The node. */
  OperatorNode node();

  /** The shape of an input that is given. */
  TensorShape shape(int input);

  /** The element type of an input that is given. */
  DataType type(int input);

  /** The value of an input, where it is an initializer. */
  Optional<Tensor> constant(int input);

  /**
   * The elements of an input that holds sizes or positions, as far as they are known before there
   * is data: of initializers, and of what is computed from the shapes of tensors.
   */
  Optional<List<IndexValue>> values(int input);

  /** The version of ONNX's operator set that the node is of. */
  long opset();

  /** The elements of an input that holds sizes or positions, where all of them are known. */
  default Optional<long[]> longs(int input) {
    return values(input)
        .filter(elements -> elements.stream().allMatch(IndexValue::known))
        .map(elements -> elements.stream().mapToLong(IndexValue::value).toArray());
  }

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
