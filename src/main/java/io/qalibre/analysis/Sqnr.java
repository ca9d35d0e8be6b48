package io.qalibre.analysis;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.nio.FloatBuffer;
import java.util.Map;

/** The ratio of signal to noise: see {@link Measure#SQNR}. */
record Sqnr() implements Measure {
  @Override
  public String label() {
    return "SQNR";
  }

  @Override
  public String unit() {
    return "dB";
  }

  @Override
  public String harmLabel() {
    return "noise, % of the outputs' power";
  }

  @Override
  public Sums sums(Batch batch) {
    Sums total = Sums.NONE;
    for (Map.Entry<String, Tensor> output : batch.reference().entrySet()) {
      if (output.getValue().type() == DataType.FLOAT) {
        Tensor found = java.util.Objects.requireNonNull(batch.outputs().get(output.getKey()));
        total = total.plus(of(output.getValue(), found));
      }
    }
    if (Double.isNaN(total.first()) || Double.isNaN(total.second())) {
      throw new QalibreException("an output holds NaN or infinity, of which there is no SQNR");
    }
    return total;
  }

  /** The squares of the expected values, and of the differences from them. */
  static Sums of(Tensor expected, Tensor found) {
    FloatBuffer a = expected.floatView();
    FloatBuffer b = found.floatView();
    double signal = 0;
    double noise = 0;
    for (int i = 0; i < a.limit(); i++) {
      double value = a.get(i);
      double error = value - b.get(i);
      signal += value * value;
      noise += error * error;
    }
    return new Sums(signal, noise);
  }

  @Override
  public double value(Sums total) {
    return total.second() == 0
        ? Double.POSITIVE_INFINITY
        : 10 * Math.log10(total.first() / total.second());
  }

  @Override
  public double harm(double value, double floats) {
    return 100 * Math.pow(10, -value / 10);
  }
}
