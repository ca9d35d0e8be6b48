package io.qalibre.graph;

import java.util.Arrays;
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

  private boolean outputsFirst() {
    return layer.type().equals("Conv") || layer.attributes().flag("transB", false);
  }

  private int size(int axis) {
    return (int) weight.sizes()[axis];
  }

  /** The output channel of each element, in the order of the weight's elements. */
  public int[] outputChannels() {
    return channels(outputsFirst());
  }

  /** The input channel of each element, in the order of the weight's elements. */
  public int[] inputChannels() {
    return channels(!outputsFirst());
  }

  /** Channels along the first axis, or those along the second in the group of the first's. */
  private int[] channels(boolean first) {
    int perGroup = size(0) / groups();
    int inner = weight.size() / Math.max(1, size(0) * size(1));
    int[] channels = new int[weight.size()];
    for (int i = 0; i < channels.length; i++) {
      int row = i / (size(1) * inner);
      channels[i] = first ? row : row / perGroup * size(1) + i / inner % size(1);
    }
    return channels;
  }

  /**
   * The weight with each output channel multiplied by a factor.
   *
   * @param factors one for each output channel
   */
  public Tensor scaleOutputs(double[] factors) {
    return scale(outputChannels(), factors);
  }

  /**
   * The weight with each input channel multiplied by a factor.
   *
   * @param factors one for each input channel
   */
  public Tensor scaleInputs(double[] factors) {
    return scale(inputChannels(), factors);
  }

  private Tensor scale(int[] channels, double[] factors) {
    float[] values = weight.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factors[channels[i]]);
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
    double[] sums = new double[outputs()];
    float[] values = weight.floats();
    int[] outputs = outputChannels();
    int[] inputs = inputChannels();
    for (int i = 0; i < values.length; i++) {
      sums[outputs[i]] += values[i] * constants[inputs[i]];
    }
    float alpha = layer.attributes().number("alpha", 1);
    return Arrays.stream(sums).map(sum -> alpha * sum).toArray();
  }
}
