package io.qalibre.testing;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.Pair;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A DJL block with random parameters and random inputs for it.
 *
 * @param name what it is called in reports
 * @param block the block; it is initialized when first asked for
 * @param inputs its inputs, with the batch unknown
 * @param classes inputs of integers are below this number
 */
public record TracedBlock(String name, Block block, List<ValueInfo> inputs, int classes) {
  @Override
  public String toString() {
    return name;
  }

  /** The block with random weights, biases and statistics, seeded. */
  public Block initialized(NDManager manager) {
    if (!block.isInitialized()) {
      Shape[] shapes = inputs.stream().map(i -> shape(i, 2)).toArray(Shape[]::new);
      // The default initializer refuses scalars.
      block.setInitializer(Initializer.ONES, parameter -> parameter.getName().equals("alpha"));
      block.initialize(manager, ai.djl.ndarray.types.DataType.FLOAT32, shapes);
      Random random = new Random(3);
      block.getParameters().forEach(pair -> randomize(pair, random));
    }
    return block;
  }

  private static void randomize(Pair<String, Parameter> pair, Random random) {
    NDArray array = pair.getValue().getArray();
    float[] values = new float[(int) array.size()];
    // Half a ReLU's values are 0: weights of this size keep the others from dying out.
    double fan = array.getShape().dimension() < 2 ? 4 : array.size() / (double) array.size(0);
    boolean positive = List.of("runningVar", "gamma").contains(pair.getValue().getName());
    for (int i = 0; i < values.length; i++) {
      values[i] =
          positive
              ? 0.75f + random.nextFloat() / 2
              : (float) (random.nextGaussian() * Math.sqrt(2 / fan) / (fan == 4 ? 4 : 1));
    }
    array.set(values);
  }

  private static Shape shape(ValueInfo input, long batch) {
    return new Shape(input.shape().fix(batch).sizes());
  }

  /** Random inputs for a batch size, by name. */
  public Map<String, Tensor> data(long batch) {
    Random random = new Random(batch);
    Map<String, Tensor> data = new LinkedHashMap<>();
    for (ValueInfo input : inputs) {
      long[] sizes = input.shape().fix(batch).sizes();
      int count = (int) input.shape().fix(batch).elements();
      data.put(
          input.name(),
          input.type() == DataType.FLOAT
              ? Net.normal(random, sizes)
              : Tensor.ofIntegers(
                  input.type(), random.ints(count, 0, classes).asLongStream().toArray(), sizes));
    }
    return data;
  }

  /** What the block itself makes of inputs, in evaluation mode. */
  public List<Tensor> outputs(NDManager manager, Map<String, Tensor> data) {
    try (NDManager own = manager.newSubManager()) {
      NDList arrays = new NDList();
      inputs.forEach(input -> arrays.add(Transfer.toArray(own, data.get(input.name()))));
      List<Tensor> outputs = new ArrayList<>();
      initialized(manager)
          .forward(new ParameterStore(own, false), arrays, false)
          .forEach(array -> outputs.add(Transfer.toTensor(array)));
      return outputs;
    }
  }

  /** The largest difference of two tensors, relative to the largest value of the first. */
  public static double distance(Tensor expected, Tensor found) {
    float[] a = expected.floats();
    float[] b = found.floats();
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i]));
      difference = Math.max(difference, Math.abs(a[i] - b[i]));
    }
    return difference / largest;
  }
}
