package io.qalibre.models;

import io.qalibre.graph.Graph;
import io.qalibre.models.LayerBuilder.BatchNormNames;
import io.qalibre.models.LayerBuilder.Features;
import java.util.List;

/**
 * MobileNetV2 with torchvision's geometry at width 1.0 and the names of its {@code state_dict},
 * except that the first convolution has stride 1 instead of 2, for pictures of 32×32. The dropout
 * before the last layer, which does nothing outside training, is left out.
 *
 * <p>Source: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018 (arXiv
 * 1801.04381), table 2.
 */
public final class MobileNetV2 {
  private static final int STEM_CHANNELS = 32;
  private static final int LAST_CHANNELS = 1280;

  /**
   * A row of the paper's table: blocks in sequence.
   *
   * @param expansion t, how many times wider a block is inside than its input
   * @param channels c, a block's output channels
   * @param repeats n, the number of blocks
   * @param stride s, of the first block; the others have 1
   */
  private record Stage(int expansion, int channels, int repeats, int stride) {}

  private static final List<Stage> STAGES =
      List.of(
          new Stage(1, 16, 1, 1),
          new Stage(6, 24, 2, 2),
          new Stage(6, 32, 3, 2),
          new Stage(6, 64, 4, 2),
          new Stage(6, 96, 3, 1),
          new Stage(6, 160, 3, 2),
          new Stage(6, 320, 1, 1));

  private final LayerBuilder layers;

  private MobileNetV2(long seed) {
    layers = new LayerBuilder("mobilenet_v2", seed, BatchNormNames.TORCH);
  }

  /**
   * The network with initial weights as torchvision draws them: convolutions Kaiming-normal by
   * fan-out, the last layer normal with a standard deviation of 0.01 and bias 0, batch
   * normalizations at γ = 1, β = 0, mean 0, variance 1. A tensor's numbers depend on the seed and
   * its name alone: {@code size} changes none of them, and {@code classes} those of the last layer
   * only.
   *
   * @param size height and width of the pictures in pixels, 1 or more
   * @param classes the number of classes, 1 or more
   * @param seed of the weights
   * @return input {@code input} N×3×size×size, output {@code output} N×classes logits, batch
   *     normalizations kept as nodes
   * @throws io.qalibre.errors.QalibreException if size or classes is below 1
   */
  public static Graph graph(int size, int classes, long seed) {
    return new MobileNetV2(seed).build(size, classes);
  }

  private Graph build(int size, int classes) {
    Features x = layers.input(3, size);
    x = convNormRelu("features.0", x, STEM_CHANNELS, 3, 1);
    int index = 1;
    for (Stage stage : STAGES) {
      for (int i = 0; i < stage.repeats(); i++) {
        int stride = i == 0 ? stage.stride() : 1;
        x = invertedResidual("features." + index, x, stage, stride);
        index++;
      }
    }
    x = convNormRelu("features." + index, x, LAST_CHANNELS, 1, 1);
    x = layers.globalAveragePool("avgpool", x);
    x = layers.flatten("flatten", x, 1);
    return layers.normalLogits("classifier.1", x, classes, 0.01);
  }

  private Features invertedResidual(String name, Features input, Stage stage, int stride) {
    String part = name + ".conv.";
    int index = 0;
    Features x = input;
    if (stage.expansion() > 1) {
      x = convNormRelu(part + index, x, input.channels() * stage.expansion(), 1, 1);
      index++;
    }
    x = normRelu(part + index, layers.depthwise(part + index + ".0", x, 3, stride));
    x = layers.conv(part + (index + 1), x, stage.channels(), 1, 1);
    x = layers.batchNorm(part + (index + 2), x);
    boolean residual = stride == 1 && input.channels() == stage.channels();
    return residual ? layers.add(name + ".add", input, x) : x;
  }

  private Features convNormRelu(String name, Features x, int channels, int kernel, int stride) {
    return normRelu(name, layers.conv(name + ".0", x, channels, kernel, stride));
  }

  private Features normRelu(String name, Features x) {
    return layers.relu6(name + ".2", layers.batchNorm(name + ".1", x));
  }
}
