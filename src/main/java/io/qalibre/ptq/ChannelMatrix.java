package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.LayerWeight;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * The largest absolute value of a weight for each pair of its output and input channels, over the
 * taps between them: all that equalization needs to know of a weight, a ninth of one with 3×3 taps.
 */
final class ChannelMatrix {
  private final float[] values;
  private final int rows;
  private final int columns;

  /** The channel of each row's first column. */
  private final int[] firstColumns;

  private final int columnChannels;
  private final boolean outputsFirst;

  /**
   * Reads a weight.
   *
   * @throws QalibreException if a value is NaN or infinite, naming the weight
   */
  ChannelMatrix(LayerWeight layer) {
    rows = layer.rows();
    columns = layer.columns();
    firstColumns = new int[rows];
    Arrays.setAll(firstColumns, layer::firstColumn);
    columnChannels = columns * layer.groups();
    outputsFirst = layer.outputsFirst();
    values = new float[rows * columns];
    FloatBuffer weight = layer.weight().floatView();
    int taps = layer.taps();
    for (int i = 0; i < values.length; i++) {
      float largest = 0;
      for (int at = i * taps; at < (i + 1) * taps; at++) {
        float value = Math.abs(weight.get(at));
        if (!(value <= Float.MAX_VALUE)) {
          throw new QalibreException(
              "weight `%s` has no range: value %d is %s"
                  .formatted(layer.layer().input(1), at, weight.get(at)));
        }
        largest = Math.max(largest, value);
      }
      values[i] = largest;
    }
  }

  /** The largest absolute value of each output channel. */
  double[] outputs() {
    return outputsFirst ? ofRows() : ofColumns();
  }

  /** The largest absolute value of each input channel. */
  double[] inputs() {
    return outputsFirst ? ofColumns() : ofRows();
  }

  /** Multiplies each output channel by a factor. */
  void scaleOutputs(double[] factors) {
    if (outputsFirst) {
      scaleRows(factors);
    } else {
      scaleColumns(factors);
    }
  }

  /** Multiplies each input channel by a factor. */
  void scaleInputs(double[] factors) {
    if (outputsFirst) {
      scaleColumns(factors);
    } else {
      scaleRows(factors);
    }
  }

  private double[] ofRows() {
    double[] largest = new double[rows];
    for (int row = 0; row < rows; row++) {
      float most = 0;
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        most = Math.max(most, values[i]);
      }
      largest[row] = most;
    }
    return largest;
  }

  private double[] ofColumns() {
    double[] largest = new double[columnChannels];
    for (int row = 0; row < rows; row++) {
      int first = firstColumns[row];
      int start = row * columns;
      for (int column = 0; column < columns; column++) {
        largest[first + column] = Math.max(largest[first + column], values[start + column]);
      }
    }
    return largest;
  }

  private void scaleRows(double[] factors) {
    for (int row = 0; row < rows; row++) {
      float factor = (float) factors[row];
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        values[i] *= factor;
      }
    }
  }

  private void scaleColumns(double[] factors) {
    float[] narrow = new float[factors.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) factors[i];
    }
    for (int row = 0; row < rows; row++) {
      int first = firstColumns[row];
      int start = row * columns;
      for (int column = 0; column < columns; column++) {
        values[start + column] *= narrow[first + column];
      }
    }
  }
}
