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
