package io.qalibre.testing;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.engine.TrainableBlock;
import io.qalibre.engine.Transfer;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.onnx.OnnxReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Runs a node test's model forward and backward, as training does. */
public final class NodeTestGradient {
  private NodeTestGradient() {}

  /** Whether a test has an input of floats, which alone can have a gradient. */
  public static boolean hasFloats(NodeTest test, NodeTestData data) {
    try {
      return data.inputs(test).stream().anyMatch(value -> OnnxNumbers.isFloat(value.getDataType()));
    } catch (IOException e) {
      throw new UncheckedIOException(test.name(), e);
    }
  }

  /** Whether a gradient that is a number other than zero reaches the first input of floats. */
  public static boolean passes(NodeTest test, NodeTestData data) throws IOException {
    Simulation simulation = Simulation.of(OnnxReader.read("model.onnx", data.model(test)));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDList inputs = new NDList();
      for (TensorProto value : data.inputs(test)) {
        inputs.add(Transfer.toArray(manager, OnnxNumbers.tensor(value)));
      }
      NDArray input = floats(inputs).get(0);
      input.setRequiresGradient(true);
      TrainableBlock block = new TrainableBlock(simulation, manager);
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        // With this, which adds nothing, there is a way back even from outputs without one.
        // Its factor has to live until then: what DJL makes of a number itself is freed at once.
        NDArray loss = input.sum().mul(manager.create(0f));
        NDList outputs = block.forward(new ParameterStore(manager, false), inputs, true);
        for (NDArray output : floats(outputs)) {
          loss = loss.add(weighted(output));
        }
        collector.backward(loss);
      }
      return hasNumber(input.getGradient());
    }
  }

  private static List<NDArray> floats(NDList arrays) {
    return arrays.stream().filter(array -> array.getDataType().isFloating()).toList();
  }

  /** A sum in which each element has a weight of its own: normalizations keep a plain sum. */
  private static NDArray weighted(NDArray output) {
    NDArray values = output.toType(DataType.FLOAT32, false).flatten();
    return values.mul(values.getManager().arange(1f, values.size() + 1f).sqrt()).sum();
  }

  private static boolean hasNumber(NDArray gradient) {
    for (float value : gradient.toType(DataType.FLOAT32, false).toFloatArray()) {
      if (value != 0 && Float.isFinite(value)) {
        return true;
      }
    }
    return false;
  }
}
