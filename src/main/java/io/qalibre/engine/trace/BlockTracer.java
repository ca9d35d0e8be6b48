package io.qalibre.engine.trace;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.qalibre.engine.Transfer;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns a DJL Block into a graph by running it on recording arrays: blocks call the interfaces
 * {@code NDArray} and {@code NDArrayEx} only, so a proxy sees every call, those of lambdas
 * included. Two runs with different batch sizes tell which sizes go with the batch.
 *
 * <p>Normalizations and dropouts are nodes of the graph. The first use the statistics they have
 * unless a training lets them follow its batches; the second drop only while a network is trained.
 * The block itself, its parameters and statistics, stay as they are.
 */
public final class BlockTracer {
  private BlockTracer() {}

  /**
   * Traces a block of one input, named {@code input}, in evaluation mode.
   *
   * @param name the graph's name
   * @param block the block, initialized
   * @param input the shape of its only input, of floats; the first dimension is the batch and
   *     becomes {@code N}
   * @throws UntraceableBlockException if the block calls something without a counterpart in ONNX,
   *     naming it, or if its path depends on the batch size
   * @throws QalibreException if the block has no parameters yet, or does not take the shape
   */
  public static Graph trace(String name, Block block, Shape input) {
    if (input.dimension() < 1) {
      throw new QalibreException("expected an input shape with a batch dimension, found " + input);
    }
    TensorShape shape = TensorShape.of(input.getShape()).with(0, Dim.symbolic(TracedShape.SYMBOL));
    return trace(name, block, List.of(new ValueInfo("input", DataType.FLOAT, shape)));
  }

  /**
   * Traces a block in evaluation mode, with the parameters it has.
   *
   * @param name the graph's name
   * @param block the block, initialized
   * @param inputs the block's inputs in order; a dimension that is not known is the batch, and
   *     becomes {@code N}
   * @throws UntraceableBlockException if the block calls something without a counterpart in ONNX,
   *     naming it, or if its path depends on the batch size
   * @throws QalibreException if the block has no parameters yet, or does not take the inputs
   */
  public static Graph trace(String name, Block block, List<ValueInfo> inputs) {
    return trace(name, block, inputs, false);
  }

  /**
   * Traces a block as it runs in a training, for blocks that then do something else; see {@link
   * #trace(String, Block, List)}. It makes no difference to the blocks of DJL's own.
   */
  public static Graph traceTraining(String name, Block block, List<ValueInfo> inputs) {
    return trace(name, block, inputs, true);
  }

  private static Graph trace(String name, Block block, List<ValueInfo> inputs, boolean training) {
    if (!block.isInitialized()) {
      throw new QalibreException(
          name + " has no parameters yet; train it, or call initialize(manager, dataType, shape)");
    }
    List<ValueInfo> named =
        inputs.stream().map(i -> new ValueInfo(i.name(), i.type(), symbolic(i.shape()))).toList();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      BatchShapes shapes = new BatchShapes();
      NDList others = arrays(manager, named, TracedShape.OTHER_BATCH);
      NDList probes = new NDList();
      others.forEach(array -> probes.add(RecordingArray.wrap(shapes, array)));
      NDList probed = run(name, block, store(manager, shapes), probes, training);

      TraceOptions options = TraceOptions.of(training, shapes.calls("gelu"));
      Trace trace = new Trace(block, shapes, options);
      NDList reals = arrays(manager, named, TracedShape.BATCH);
      NDList data = new NDList();
      for (int i = 0; i < reals.size(); i++) {
        shapes.put(reals.get(i), others.get(i));
        data.add(trace.input(named.get(i), reals.get(i)));
      }
      NDList outputs = run(name, block, store(manager, trace), data, training);
      for (int i = 0; i < outputs.size(); i++) {
        shapes.put(RecordingArray.unwrap(outputs.get(i)), probed.get(i));
      }
      return trace.graph(name, outputs);
    }
  }

  private static TensorShape symbolic(TensorShape shape) {
    return new TensorShape(
        shape.dims().stream().map(d -> d.known() ? d : Dim.symbolic(TracedShape.SYMBOL)).toList());
  }

  private static NDList arrays(NDManager manager, List<ValueInfo> inputs, long batch) {
    NDList arrays = new NDList();
    for (ValueInfo input : inputs) {
      Shape shape = new Shape(input.shape().fix(batch).sizes());
      arrays.add(manager.zeros(shape, Transfer.type(input.type())));
    }
    return arrays;
  }

  /** Parameters record as well: blocks call methods on them. */
  private static ParameterStore store(NDManager manager, CallListener listener) {
    return new ParameterStore(manager, false) {
      @Override
      public @Nullable NDArray getValue(
          @Nullable Parameter parameter, Device device, boolean training) {
        return parameter == null ? null : RecordingArray.wrap(listener, parameter.getArray());
      }
    };
  }

  private static NDList run(
      String name, Block block, ParameterStore store, NDList data, boolean training) {
    List<Shape> shapes = data.stream().map(NDArray::getShape).toList();
    try {
      return block.forward(store, data, training);
    } catch (QalibreException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new QalibreException(
          name
              + " does not take an input of shape "
              + String.join(", ", shapes.stream().map(String::valueOf).toList())
              + ": "
              + e.getMessage(),
          e);
    }
  }
}
