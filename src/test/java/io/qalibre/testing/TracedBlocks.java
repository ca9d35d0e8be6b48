package io.qalibre.testing;

import ai.djl.basicmodelzoo.cv.classification.AlexNet;
import ai.djl.basicmodelzoo.cv.classification.GoogLeNet;
import ai.djl.basicmodelzoo.cv.classification.LeNet;
import ai.djl.basicmodelzoo.cv.classification.MobileNetV1;
import ai.djl.basicmodelzoo.cv.classification.MobileNetV2;
import ai.djl.basicmodelzoo.cv.classification.NiN;
import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.basicmodelzoo.cv.classification.SqueezeNet;
import ai.djl.basicmodelzoo.cv.classification.VGG;
import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.Vocabulary;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.core.LinearCollection;
import ai.djl.nn.core.Multiplication;
import ai.djl.nn.core.SparseMax;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.GhostBatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.BertNextSentenceBlock;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.nn.transformer.PointwiseFeedForwardBlock;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The blocks of DJL's own that are traced, small, and the networks of its basic model zoo. */
public final class TracedBlocks {
  private TracedBlocks() {}

  /** The blocks of {@code ai.djl.nn}. */
  public static Stream<TracedBlock> blocks() {
    return Stream.of(layers(), activations(), pools(), recurrent(), transformers())
        .flatMap(s -> s)
        .map(Supplier::get);
  }

  /**
   * Blocks whose nodes ONNX Runtime 1.23.2 computes otherwise than ONNX's reference does: it
   * divides by the whole kernel where the last window reaches beyond the padding.
   */
  public static Stream<TracedBlock> notInOnnxRuntime() {
    Shape three = new Shape(3, 3);
    Block pool = Pool.avgPool2dBlock(three, new Shape(2, 2), new Shape(1, 1), true);
    return Stream.of(of("avgPool2d, ceil", pool, 4, 8, 9));
  }

  /** The classification networks of {@code ai.djl.basicmodelzoo}, in the smallest sizes. */
  public static Stream<TracedBlock> networks() {
    return Stream.<Supplier<TracedBlock>>of(
            () -> of("LeNet", LeNet.builder().build(), 1, 28, 28),
            () -> of("AlexNet", AlexNet.builder().build(), 3, 67, 67),
            () -> of("VGG11", VGG.builder().setNumLayers(11).setOutSize(10).build(), 3, 32, 32),
            () -> of("NiN", NiN.builder().build(), 3, 67, 67),
            () -> of("SqueezeNet", SqueezeNet.squeezenet(10), 3, 32, 32),
            () -> of("GoogLeNet", GoogLeNet.builder().setOutSize(10).build(), 3, 32, 32),
            () -> of("MobileNetV1", MobileNetV1.builder().setOutSize(10).build(), 3, 32, 32),
            () -> of("MobileNetV2", MobileNetV2.builder().setOutSize(10).build(), 3, 32, 32),
            () -> of("ResNetV1-20", resnet(20, 28), 3, 28, 28),
            () -> of("ResNetV1-50", resnet(50, 32), 3, 32, 32))
        .map(Supplier::get);
  }

  private static Block resnet(int layers, long size) {
    return ResNetV1.builder()
        .setImageShape(new Shape(3, size, size))
        .setNumLayers(layers)
        .setOutSize(10)
        .build();
  }

  private static Stream<Supplier<TracedBlock>> layers() {
    return Stream.of(
        () -> of("Linear", Linear.builder().setUnits(5).build(), 6),
        () -> of("Linear of vectors", Linear.builder().setUnits(5).optBias(false).build(), 4, 6),
        () -> of("LinearCollection", LinearCollection.builder().setUnits(5).build(), 3, 6),
        () -> of("Multiplication", Multiplication.builder().setUnits(3).build(), 6),
        () -> of("Add", add(), 4, 5, 5),
        () -> of("Conv1d", conv1d(), 4, 9),
        () -> of("Conv2d", conv2d(), 4, 9, 8),
        () -> of("Conv3d", conv3d(), 4, 5, 6, 7),
        () -> of("BatchNorm", BatchNorm.builder().build(), 4, 5, 5),
        () -> of("BatchNorm, plain", plainBatchNorm(), 6),
        () -> of("BatchNorm, axis 3", BatchNorm.builder().optAxis(3).build(), 4, 5, 6),
        () -> of("GhostBatchNorm", GhostBatchNorm.builder().build(), 4, 5, 5),
        () -> of("LayerNorm", LayerNorm.builder().build(), 4, 6),
        () -> of("LayerNorm, axis 2", LayerNorm.builder().axis(2).build(), 4, 6),
        () -> of("Dropout", Dropout.builder().optRate(0.4f).build(), 6),
        () -> of("SparseMax", new SparseMax(-1, 3), 4, 6),
        () -> of("batchFlatten", Blocks.batchFlattenBlock(), 4, 5, 5),
        () -> of("identity", Blocks.identityBlock(), 4),
        () -> ids("Embedding", embedding(), 4),
        () -> ids("IdEmbedding", idEmbedding(), 4));
  }

  private static Block add() {
    Block conv = Conv2d.builder().setKernelShape(new Shape(1, 1)).setFilters(4).build();
    return new ParallelBlock(
        lists -> new NDList(NDArrays.add(lists.get(0).head(), lists.get(1).head())),
        List.of(conv, Blocks.identityBlock()));
  }

  private static Block conv1d() {
    return Conv1d.builder()
        .setKernelShape(new Shape(3))
        .setFilters(6)
        .optPadding(new Shape(1))
        .build();
  }

  private static Block conv2d() {
    return Conv2d.builder()
        .setKernelShape(new Shape(3, 3))
        .setFilters(6)
        .optGroups(2)
        .optStride(new Shape(2, 2))
        .optPadding(new Shape(2, 1))
        .optDilation(new Shape(2, 1))
        .optBias(false)
        .build();
  }

  private static Block conv3d() {
    return Conv3d.builder().setKernelShape(new Shape(2, 3, 3)).setFilters(6).build();
  }

  private static Block plainBatchNorm() {
    return BatchNorm.builder().optCenter(false).optScale(false).optEpsilon(1e-3f).build();
  }

  private static Block embedding() {
    Vocabulary vocabulary =
        DefaultVocabulary.builder().add(List.of("a", "b", "c", "d", "e")).build();
    return TrainableWordEmbedding.builder().setEmbeddingSize(6).setVocabulary(vocabulary).build();
  }

  private static Block idEmbedding() {
    return new IdEmbedding.Builder().setDictionarySize(5).setEmbeddingSize(6).build();
  }

  private static Stream<Supplier<TracedBlock>> activations() {
    return Stream.of(
        () -> of("ReLU", Activation.reluBlock(), 8),
        () -> of("ReLU6", scaled(Activation.relu6Block()), 8),
        () -> of("sigmoid", Activation.sigmoidBlock(), 8),
        () -> of("Tanh", Activation.tanhBlock(), 8),
        () -> of("softPlus", Activation.softPlusBlock(), 8),
        () -> of("softSign", Activation.softSignBlock(), 8),
        () -> of("LeakyReLU", Activation.leakyReluBlock(0.2f), 8),
        () -> of("ELU", Activation.eluBlock(1.3f), 8),
        () -> of("SELU", Activation.seluBlock(), 8),
        () -> of("GELU", Activation.geluBlock(), 8),
        () -> of("Swish", Activation.swishBlock(1), 8),
        () -> of("Swish 1.7", Activation.swishBlock(1.7f), 8),
        () -> of("Mish", Activation.mishBlock(), 8));
  }

  /** Values beyond 6 before a block. */
  private static Block scaled(Block block) {
    return new SequentialBlock().addSingleton(x -> x.mul(8)).add(block);
  }

  private static Stream<Supplier<TracedBlock>> pools() {
    Shape two = new Shape(2, 2);
    Shape three = new Shape(3, 3);
    Shape one = new Shape(1, 1);
    return Stream.of(
        () -> of("maxPool1d", Pool.maxPool1dBlock(new Shape(3), new Shape(2)), 4, 9),
        () -> of("maxPool2d", Pool.maxPool2dBlock(three, two, one, true), 4, 8, 9),
        () -> of("maxPool3d", Pool.maxPool3dBlock(new Shape(2, 2, 2)), 4, 4, 5, 6),
        () -> of("avgPool1d", Pool.avgPool1dBlock(new Shape(3), new Shape(2)), 4, 9),
        () -> of("avgPool2d", Pool.avgPool2dBlock(three, two, one), 4, 8, 9),
        () -> of("avgPool2d, without padding", avgPool(three, two, one), 4, 8, 9),
        () -> of("avgPool3d", Pool.avgPool3dBlock(new Shape(2, 2, 2)), 4, 4, 5, 6),
        () -> of("lpPool1d", Pool.lpPool1dBlock(2, new Shape(3), new Shape(2), new Shape(0)), 4, 9),
        () -> of("lpPool2d", Pool.lpPool2dBlock(2, three, two), 4, 8, 9),
        () -> of("lpPool2d, sums", Pool.lpPool2dBlock(1, three, two), 4, 8, 9),
        () -> of("globalMaxPool1d", Pool.globalMaxPool1dBlock(), 4, 9),
        () -> of("globalMaxPool2d", Pool.globalMaxPool2dBlock(), 4, 8, 9),
        () -> of("globalMaxPool3d", Pool.globalMaxPool3dBlock(), 4, 4, 5, 6),
        () -> of("globalAvgPool1d", Pool.globalAvgPool1dBlock(), 4, 9),
        () -> of("globalAvgPool2d", Pool.globalAvgPool2dBlock(), 4, 8, 9),
        () -> of("globalAvgPool3d", Pool.globalAvgPool3dBlock(), 4, 4, 5, 6),
        () -> of("globalLpPool1d", Pool.globalLpPool1dBlock(2), 4, 9),
        () -> of("globalLpPool2d", Pool.globalLpPool2dBlock(2), 4, 8, 9),
        () -> of("globalLpPool2d, sums", Pool.globalLpPool2dBlock(1), 4, 8, 9));
  }

  private static Block avgPool(Shape kernel, Shape stride, Shape padding) {
    return Pool.avgPool2dBlock(kernel, stride, padding, false, false);
  }

  private static Stream<Supplier<TracedBlock>> recurrent() {
    return Stream.of(
        () -> of("RNN", rnn(RNN.Activation.TANH).build(), 4, 6),
        () -> of("RNN, ReLU, 2 layers", rnn(RNN.Activation.RELU).setNumLayers(2).build(), 4, 6),
        () -> of("GRU", gru().build(), 4, 6),
        () -> of("GRU, no biases", gru().optHasBiases(false).optReturnState(true).build(), 4, 6),
        () -> timeMajor("GRU, time first", gru().optBatchFirst(false).build()),
        () -> of("LSTM", lstm().build(), 4, 6),
        () -> of("LSTM, states", lstm().setNumLayers(2).optReturnState(true).build(), 4, 6),
        () ->
            of(
                "LSTM, both directions",
                lstm().setNumLayers(2).optBidirectional(true).optHasBiases(false).build(),
                4,
                6));
  }

  private static RNN.Builder rnn(RNN.Activation activation) {
    return RNN.builder().setActivation(activation).setStateSize(5).setNumLayers(1);
  }

  private static GRU.Builder gru() {
    return GRU.builder().setStateSize(5).setNumLayers(1);
  }

  private static LSTM.Builder lstm() {
    return LSTM.builder().setStateSize(5).setNumLayers(1).optDropRate(0.3f);
  }

  private static TracedBlock timeMajor(String name, Block block) {
    TensorShape shape = TensorShape.of(Dim.of(4), Dim.symbolic("N"), Dim.of(6));
    return new TracedBlock(name, block, List.of(new ValueInfo("input", DataType.FLOAT, shape)), 1);
  }

  private static Stream<Supplier<TracedBlock>> transformers() {
    return Stream.of(
        () -> of("PointwiseFeedForward", feedForward(), 4, 6),
        () -> of("ScaledDotProductAttention", attention(), 4, 6),
        () -> masked("ScaledDotProductAttention, masked", attention()),
        () -> of("TransformerEncoder", encoder(), 4, 6),
        () -> bert("Bert"),
        () -> of("BertNextSentence", new BertNextSentenceBlock(), 6));
  }

  private static Block feedForward() {
    return new PointwiseFeedForwardBlock(List.of(7), 5, Activation::gelu);
  }

  private static Block attention() {
    return ScaledDotProductAttentionBlock.builder().setEmbeddingSize(6).setHeadCount(2).build();
  }

  private static Block encoder() {
    return new TransformerEncoderBlock(6, 2, 7, 0.1f, Activation::relu);
  }

  private static TracedBlock masked(String name, Block block) {
    ValueInfo mask = new ValueInfo("mask", DataType.INT64, batch(4, 4));
    return new TracedBlock(
        name, block, List.of(new ValueInfo("input", DataType.FLOAT, batch(4, 6)), mask), 2);
  }

  private static TracedBlock bert(String name) {
    Block bert =
        BertBlock.builder()
            .setTokenDictionarySize(5)
            .optTypeDictionarySize(2)
            .optEmbeddingSize(6)
            .optTransformerBlockCount(2)
            .optAttentionHeadCount(2)
            .optHiddenSize(7)
            .optMaxSequenceLength(4)
            .build();
    List<ValueInfo> inputs = new ArrayList<>();
    for (String input : List.of("tokens", "types", "mask")) {
      inputs.add(new ValueInfo(input, DataType.INT64, batch(4)));
    }
    return new TracedBlock(name, bert, inputs, 2);
  }

  /** A block of one input of N×sizes, of floats. */
  public static TracedBlock of(String name, Block block, long... sizes) {
    ValueInfo input = new ValueInfo("input", DataType.FLOAT, batch(sizes));
    return new TracedBlock(name, block, List.of(input), 1);
  }

  private static TracedBlock ids(String name, Block block, long... sizes) {
    return new TracedBlock(
        name, block, List.of(new ValueInfo("input", DataType.INT64, batch(sizes))), 5);
  }

  private static TensorShape batch(long... sizes) {
    List<Dim> dims = new ArrayList<>(List.of(Dim.symbolic("N")));
    for (long size : sizes) {
      dims.add(Dim.of(size));
    }
    return new TensorShape(dims);
  }
}
