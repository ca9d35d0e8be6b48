package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.List;

/** Checks that data fits a network's inputs. */
final class Inputs {
  private Inputs() {}

  /**
   * Checks a batch.
   *
   * @throws QalibreException if there are more or fewer arrays than inputs, or one does not fit
   */
  static void check(String network, List<ValueInfo> expected, NDList found) {
    if (found.size() != expected.size()) {
      throw new QalibreException(
          "%s takes %d inputs %s, found %d"
              .formatted(
                  network,
                  expected.size(),
                  expected.stream().map(ValueInfo::name).toList(),
                  found.size()));
    }
    for (int i = 0; i < expected.size(); i++) {
      check(expected.get(i), found.get(i));
    }
  }

  /**
   * Checks an array's type and shape.
   *
   * @throws QalibreException naming the input, what it takes and what was found
   */
  static void check(ValueInfo input, NDArray array) {
    DataType wanted = Transfer.type(input.type());
    if (array.getDataType() != wanted) {
      throw new QalibreException(
          "input `%s` takes %s, found %s".formatted(input.name(), wanted, array.getDataType()));
    }
    long[] sizes = array.getShape().getShape();
    if (!input.shape().accepts(sizes)) {
      throw new QalibreException(
          "input `"
              + input.name()
              + "` takes "
              + input.shape()
              + ", found "
              + TensorShape.of(sizes)
              + hint(input.shape(), sizes));
    }
  }

  /** For pictures the call that brings a dataset into shape. */
  private static String hint(TensorShape wanted, long[] found) {
    boolean pictures =
        wanted.rank() == 4
            && found.length == 4
            && wanted.dim(1).known()
            && wanted.dim(2).known()
            && wanted.dim(2).equals(wanted.dim(3));
    return pictures
        ? "; for the datasets of Datasets call .as(" + wanted.dim(1) + ", " + wanted.dim(2) + ")"
        : "";
  }
}
