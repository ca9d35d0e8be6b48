package io.qalibre.models;

import io.qalibre.graph.Graph;
import io.qalibre.models.LayerBuilder.BatchNormNames;
import io.qalibre.models.LayerBuilder.Features;
import java.util.List;

/**
 * ResNet50 with torchvision's geometry and the names of its {@code state_dict}: version 1.5, where
 * a block's stride is on its 3×3 convolution.
 *
 * <p>Source: He et al., Deep Residual Learning for Image Recognition, 2015 (arXiv 1512.03385),
 * table 1.
 */
public final class ResNet50 {
  private static final int STEM_CHANNELS = 64;

  /** How many times a block's output is wider than its inside. */
  private static final int EXPANSION = 4;

  /**
   * A row of the paper's table: blocks in sequence.
   *
   * @param width the channels inside a block
   * @param repeats the number of blocks
   * @param stride of the first block; the others have 1
   */
  private record Stage(int width, int repeats, int stride) {}

  private static final List<Stage> STAGES =
      List.of(
          new Stage(64, 3, 1), new Stage(128, 4, 2), new Stage(256, 6, 2), new Stage(512, 3, 2));

  private final LayerBuilder layers;

  /** γ of the last batch normalization of a block. */
  private final float lastGamma;

  private ResNet50(long seed, float lastGamma) {
    layers = new LayerBuilder("resnet50", seed, BatchNormNames.TORCH);
    this.lastGamma = lastGamma;
  }

  /**
   * The network with initial weights as torchvision draws them: convolutions Kaiming-normal by
   * fan-out, the last layer uniform in ±1/√2048, batch normalizations at γ = 1, β = 0, mean 0,
   * variance 1, also the last of each block. A tensor's numbers depend on the seed and its name
   * alone: {@code size} changes none of them, and {@code classes} those of the last layer only.
   *
   * @param size height and width of the pictures in pixels, 1 or more
   * @param classes the number of classes, 1 or more
   * @param seed of the weights
   * @return input {@code input} N×3×size×size, output {@code output} N×classes logits, batch
   *     normalizations kept as nodes
   * @throws io.qalibre.errors.QalibreException if size or classes is below 1
   */
  public static Graph graph(int size, int classes, long seed) {
    return new ResNet50(seed, 1).build(size, classes);
  }

  /**
   * The same with γ = 0 in the last batch normalization of each block, which so begins as its
   * shortcut alone: training from scratch settles faster, and bears a higher learning rate.
   *
   * <p>Source: Goyal et al., Accurate, Large Minibatch SGD, 2017 (arXiv 1706.02677), section 5.1;
   * torchvision calls it {@code zero_init_residual}.
   *
   * @param size height and width of the pictures in pixels, 1 or more
   * @param classes the number of classes, 1 or more
   * @param seed of the weights
   * @return as {@link #graph}
   * @throws io.qalibre.errors.QalibreException if size or classes is below 1
   */
  public static Graph zeroInitResidual(int size, int classes, long seed) {
    return new ResNet50(seed, 0).build(size, classes);
  }

  private Graph build(int size, int classes) {
    Features x = layers.input(3, size);
    x = layers.conv("conv1", x, STEM_CHANNELS, 7, 2);
    x = layers.relu("relu", layers.batchNorm("bn1", x));
    x = layers.maxPool("maxpool", x, 3, 2);
    for (int s = 0; s < STAGES.size(); s++) {
      Stage stage = STAGES.get(s);
      for (int i = 0; i < stage.repeats(); i++) {
        String name = "layer" + (s + 1) + "." + i + ".";
        x = bottleneck(name, x, stage.width(), i == 0 ? stage.stride() : 1);
      }
    }
    x = layers.globalAveragePool("avgpool", x);
    x = layers.flatten("flatten", x, 1);
    return layers.uniformLogits("fc", x, classes);
  }

  private Features bottleneck(String name, Features input, int width, int stride) {
    int channels = width * EXPANSION;
    Features x = layers.conv(name + "conv1", input, width, 1, 1);
    x = layers.relu(name + "relu1", layers.batchNorm(name + "bn1", x));
    x = layers.conv(name + "conv2", x, width, 3, stride);
    x = layers.relu(name + "relu2", layers.batchNorm(name + "bn2", x));
    x = layers.conv(name + "conv3", x, channels, 1, 1);
    x = layers.batchNorm(name + "bn3", x, lastGamma);
    Features shortcut = input;
    if (stride != 1 || input.channels() != channels) {
      shortcut = layers.conv(name + "downsample.0", input, channels, 1, stride);
      shortcut = layers.batchNorm(name + "downsample.1", shortcut);
    }
    return layers.relu(name + "relu3", layers.add(name + "add", x, shortcut));
  }
}
