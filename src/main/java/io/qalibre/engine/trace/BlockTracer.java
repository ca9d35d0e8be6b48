package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;

/**
 * Turns a DJL Block into a graph by running it once on recording arrays: blocks call the interfaces
 * {@code NDArray} and {@code NDArrayEx} only, so a proxy sees every call, those of lambdas
 * included.
 */
public final class BlockTracer {
  /** A batch size that shapes inside a network do not have by chance. */
  private static final long BATCH = 7;

  private BlockTracer() {}

  /**
   * Traces a block in evaluation mode, with the parameters it has.
   *
   * @param name the graph's name
   * @param block the block, initialized
   * @param input the shape of its only input; the first dimension is the batch and becomes {@code
   *     N}
   * @throws UntraceableBlockException if the block calls something without a counterpart in ONNX,
   *     naming it
   * @throws QalibreException if the block has no parameters yet, or does not take the shape
   */
  public static Graph trace(String name, Block block, Shape input) {
    if (!block.isInitialized()) {
      throw new QalibreException(
          name + " has no parameters yet; train it, or call initialize(manager, dataType, shape)");
    }
    if (input.dimension() < 1) {
      throw new QalibreException("expected an input shape with a batch dimension, found " + input);
    }
    long[] sizes = input.getShape().clone();
    sizes[0] = BATCH;
    try (NDManager manager = NDManager.newBaseManager(ai.djl.Device.cpu(), "PyTorch")) {
      Trace trace = new Trace(name, block, BATCH);
      NDArray data = trace.input("input", manager.zeros(new Shape(sizes), DataType.FLOAT32));
      NDList outputs = run(name, block, new ParameterStore(manager, false), data);
      return trace.graph(outputs);
    }
  }

  private static NDList run(String name, Block block, ParameterStore store, NDArray data) {
    try {
      return block.forward(store, new NDList(data), false);
    } catch (QalibreException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new QalibreException(
          name + " does not take an input of shape " + data.getShape() + ": " + e.getMessage(), e);
    }
  }
}
