package io.qalibre.graph;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The weight of a layer by its channels: which output and which input channel of the layer each
 * element joins, however the operator lays them out and in however many groups.
 *
 * @param layer a Conv, ConvTranspose, Gemm or MatMul
 * @param weight its weight: O×I/g×k… of a Conv, I×O/g×k… of a ConvTranspose, a matrix of the others
 */
public record LayerWeight(OperatorNode layer, Tensor weight) {
  private static final Set<String> CONVOLUTIONS = Set.of("Conv", "ConvTranspose");
  private static final Set<String> LINEAR = Set.of("Gemm", "MatMul");

  /** A layer's weight, where it is a constant of floats that nothing else reads. */
  public static Optional<LayerWeight> of(Graph graph, OperatorNode node) {
    boolean known = CONVOLUTIONS.contains(node.type()) || LINEAR.contains(node.type());
    if (!known || !graph.isInitializer(node.input(1)) || !graph.hasSingleConsumer(node.input(1))) {
      return Optional.empty();
    }
    Tensor weight = graph.initializer(node.input(1));
    boolean fits = LINEAR.contains(node.type()) ? weight.rank() == 2 : weight.rank() >= 3;
    return fits && weight.type() == DataType.FLOAT
        ? Optional.of(new LayerWeight(node, weight))
        : Optional.empty();
  }

  /** Whether the channels of the layer's tensors lie along axis 1, before those of space. */
  public boolean convolution() {
    return CONVOLUTIONS.contains(layer.type());
  }

  /** The number of groups that the channels are in. */
  public int groups() {
    return convolution() ? (int) layer.attributes().integer("group", 1) : 1;
  }

  /** The number of output channels. */
  public int outputs() {
    return outputsFirst() ? size(0) : size(1) * groups();
  }

  /** The number of input channels. */
  public int inputs() {
    return outputsFirst() ? size(1) * groups() : size(0);
  }

  /** Whether each channel is convolved by itself: as many groups as inputs and as outputs. */
  public boolean depthwise() {
    return groups() > 1 && groups() == outputs() && groups() == inputs();
  }

  /**
   * Whether input channels that are the same everywhere give output channels that are: not where
   * zeros are padded, nor at the edges of a transposed convolution.
   */
  public boolean takesConstants() {
    return switch (layer.type()) {
      case "Gemm", "MatMul" -> true;
      case "Conv" -> unpadded();
      default -> false;
    };
  }

  private boolean unpadded() {
    String automatic = layer.attributes().text("auto_pad", "NOTSET");
    boolean zeros =
        layer.attributes().integers("pads").orElse(List.of()).stream().allMatch(p -> p == 0);
    return automatic.equals("VALID") || (automatic.equals("NOTSET") && zeros);
  }

  /**
   * The weight with each output channel multiplied by a factor.
   *
   * @param factors one for each output channel
   */
  public Tensor scaleOutputs(double[] factors) {
    return scale(factors, ones(inputs()));
  }

  /**
   * The weight with each input channel multiplied by a factor.
   *
   * @param factors one for each input channel
   */
  public Tensor scaleInputs(double[] factors) {
    return scale(ones(outputs()), factors);
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  /**
   * The weight with each element multiplied by the factors of both its channels, and rounded once.
   *
   * @param outputs a factor for each output channel
   * @param inputs a factor for each input channel
   */
  public Tensor scale(double[] outputs, double[] inputs) {
    double[] ofRow = outputsFirst() ? outputs : inputs;
    double[] ofColumn = outputsFirst() ? inputs : outputs;
    float[] values = weight.floats();
    int taps = taps();
    int at = 0;
    for (int row = 0; row < rows(); row++) {
      int start = firstColumn(row);
      for (int column = 0; column < columns(); column++) {
        double factor = ofRow[row] * ofColumn[start + column];
        for (int end = at + taps; at < end; at++) {
          values[at] = (float) (values[at] * factor);
        }
      }
    }
    return Tensor.of(values, weight.sizes());
  }

  /**
   * What the layer adds to each of its outputs where its input channels are constants.
   *
   * @param constants one for each input channel
   * @return a sum for each output channel, without the bias
   */
  public double[] products(double[] constants) {
    float alpha = layer.attributes().number("alpha", 1);
    boolean outputsFirst = outputsFirst();
    double[] sums = new double[outputs()];
    FloatBuffer values = weight.floatView();
    for (int row = 0; row < rows(); row++) {
      for (int column = 0; column < columns(); column++) {
        double sum = 0;
        for (int tap = 0; tap < taps(); tap++) {
          sum += values.get((row * columns() + column) * taps() + tap);
        }
        int other = firstColumn(row) + column;
        sums[outputsFirst ? row : other] += alpha * sum * constants[outputsFirst ? other : row];
      }
    }
    return sums;
  }

  /**
   * Whether the weight's first axis, its rows, are the output channels; else the input channels.
   */
  public boolean outputsFirst() {
    return layer.type().equals("Conv") || layer.attributes().flag("transB", false);
  }

  /** The size of the weight's first axis. */
  public int rows() {
    return size(0);
  }

  /** The size of its second axis: the other side's channels, of one group. */
  public int columns() {
    return size(1);
  }

  /** The number of elements for each row and column. */
  public int taps() {
    return weight.size() / Math.max(1, rows() * columns());
  }

  /** The channel that a row's first column is: that of the row's group. */
  public int firstColumn(int row) {
    return row / (rows() / groups()) * columns();
  }

  private int size(int axis) {
    return (int) weight.sizes()[axis];
  }
}
