package io.qalibre.engine;

import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.TensorEncoding;
import java.util.List;

/** Which two parameters hold a quantizer's grids while training. */
enum RangeForm {
  /** Minimum and maximum, from which scale and zero point follow. */
  ENDS(".range_min", ".range_max") {
    @Override
    double first(Encoding grid) {
      return grid.min();
    }

    @Override
    double second(QuantizerSpec spec, Encoding grid) {
      return grid.max();
    }

    @Override
    TensorEncoding encoding(QuantizerSpec spec, float[] min, float[] max) {
      return LearnedRanges.ofEnds(spec, min, max);
    }
  },
  /** The scale, and the zero point, which does not learn; it is 0 on symmetric grids. */
  STEP(".range_scale", ".range_zero") {
    @Override
    double first(Encoding grid) {
      return grid.scale();
    }

    @Override
    double second(QuantizerSpec spec, Encoding grid) {
      return spec.symmetry().symmetric() ? 0 : grid.zeroPoint();
    }

    @Override
    TensorEncoding encoding(QuantizerSpec spec, float[] scale, float[] zero) {
      return LearnedRanges.ofSteps(spec, scale, zero);
    }
  };

  private final List<String> suffixes;

  RangeForm(String first, String second) {
    suffixes = List.of(first, second);
  }

  abstract double first(Encoding grid);

  abstract double second(QuantizerSpec spec, Encoding grid);

  /** The encoding that the two parameters of a quantizer stand for, a number for each channel. */
  abstract TensorEncoding encoding(QuantizerSpec spec, float[] first, float[] second);

  /** What the names of the two parameters end with. */
  List<String> suffixes() {
    return suffixes;
  }

  /** The value of the first (0) or second (1) parameter for an encoding. */
  Tensor value(int index, QuantizerSpec spec, TensorEncoding encoding) {
    float[] values = new float[encoding.grids().size()];
    for (int i = 0; i < values.length; i++) {
      Encoding grid = encoding.grids().get(i);
      values[i] = (float) (index == 0 ? first(grid) : second(spec, grid));
    }
    return Tensor.of(values, values.length);
  }

  /** Whether the first (0) or second (1) parameter learns. */
  boolean learns(int index) {
    return this == ENDS || index == 0;
  }
}
