package io.qalibre.models;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import io.qalibre.graph.Graph;
import io.qalibre.models.LayerBuilder.BatchNormNames;
import io.qalibre.models.LayerBuilder.Features;

/**
 * A small convolutional network for pictures N×1×28×28 of ten classes: a convolution, a depthwise
 * and a pointwise one, each with batch normalization and ReLU, two poolings, and a linear layer.
 */
public final class MnistNet {
  private static final int CLASSES = 10;

  private MnistNet() {}

  /** The network as a DJL Block, without parameters yet: input N×1×28×28, output N×10 logits. */
  public static Block block() {
    return new SequentialBlock()
        .add(conv(16, 5, 1))
        .add(BatchNorm.builder().build())
        .add(Activation.reluBlock())
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(conv(16, 3, 16))
        .add(BatchNorm.builder().build())
        .add(Activation.reluBlock())
        .add(conv(64, 1, 1))
        .add(BatchNorm.builder().build())
        .add(Activation.reluBlock())
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(Blocks.batchFlattenBlock())
        .add(Linear.builder().setUnits(CLASSES).build());
  }

  /**
   * The same network as a graph, named as the block is when it is traced. Convolutions begin
   * Kaiming-normal by fan-out, the linear layer uniform in ±1/√inputs, batch normalizations at γ =
   * 1, β = 0, mean 0, variance 1. A tensor's numbers depend on the seed and its name alone.
   *
   * @param seed of the weights
   * @return input {@code input} N×1×28×28, output {@code output} N×10 logits
   */
  public static Graph graph(long seed) {
    LayerBuilder layers = new LayerBuilder("mnist", seed, BatchNormNames.DJL);
    Features x = layers.input(1, 28);
    x = layers.conv("conv1", x, 16, 5, 1);
    x = layers.relu("relu1", layers.batchNorm("batchnorm1", x));
    x = layers.maxPool("maxpool1", x, 2, 2);
    x = layers.depthwise("conv2", x, 3, 1);
    x = layers.relu("relu2", layers.batchNorm("batchnorm2", x));
    x = layers.conv("conv3", x, 64, 1, 1);
    x = layers.relu("relu3", layers.batchNorm("batchnorm3", x));
    x = layers.maxPool("maxpool2", x, 2, 2);
    x = layers.flatten("flatten1", x, 7 * 7);
    return layers.uniformLogits("linear1", x, CLASSES);
  }

  private static Conv2d conv(int filters, int kernel, int groups) {
    return Conv2d.builder()
        .setKernelShape(new Shape(kernel, kernel))
        .optPadding(new Shape(kernel / 2, kernel / 2))
        .setFilters(filters)
        .optGroups(groups)
        .optBias(false)
        .build();
  }
}
