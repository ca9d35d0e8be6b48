package io.qalibre.engine;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Calls the methods of {@link LayerScript}. */
final class LayerProgram implements AutoCloseable {
  private final Programs.Program program = Programs.borrow(LayerScript.CODE);

  /** A layer's inputs as the program takes them: channels last, flattened for products, padded. */
  NDArray arrange(NDManager into, NDArray x, LayerForm form) {
    return tensor(into, "arrange", from(x), longs(form.numbers(0)), longs(form.pads()));
  }

  /**
   * A layer's outputs, after its activation function.
   *
   * @param constants weight, bias, slope
   */
  NDArray answer(NDManager into, NDArray x, List<NDArray> constants, LayerCall call) {
    return tensor(
        into,
        "answer",
        from(x),
        from(constants.get(0)),
        from(constants.get(1)),
        from(constants.get(2)),
        longs(call.numbers()),
        doubles(call.floats()));
  }

  /**
   * The sum of squared differences between a layer's outputs and those wanted.
   *
   * @param constants weight, bias, slope
   * @param chunks samples a chunk, chunks
   */
  double error(NDArray x, NDArray t, List<NDArray> constants, LayerCall call, long[] chunks) {
    return run(
        "error",
        IValue::toDouble,
        from(x),
        from(t),
        list(constants),
        longs(call.numbers()),
        doubles(call.floats()),
        longs(chunks));
  }

  /**
   * Runs iterations, which change the state in place.
   *
   * @param rows the samples of each iteration, a row each
   * @param state the list {@code p} of the program
   */
  void descend(Stretch stretch, NDArray x, NDArray t, NDArray rows, List<NDArray> state) {
    boolean done =
        run(
            "descend",
            IValue::isTensor,
            from(x),
            from(t),
            from(rows),
            list(state),
            longs(stretch.call.numbers()),
            doubles(stretch.call.floats()),
            longs(stretch.chunks),
            doubles(stretch.betas),
            doubles(stretch.rates),
            doubles(stretch.floors));
    if (!done) {
      throw new IllegalStateException("the program gave no tensor");
    }
  }

  /** What is told of a layer in every call. */
  @SuppressWarnings("ArrayRecordComponent") // passed on, compared by nobody
  record LayerCall(long[] numbers, double[] floats) {}

  /** Some iterations: how a batch is cut, and the numbers of each. */
  @SuppressWarnings("ArrayRecordComponent") // passed on, compared by nobody
  record Stretch(LayerCall call, long[] chunks, double[] betas, double[] rates, double[] floors) {}

  private NDArray tensor(NDManager into, String method, IValue... arguments) {
    return run(method, result -> result.toTensor((PtNDManager) into), arguments);
  }

  /** Runs a method as it is written: what TorchScript's optimizer made of it could differ. */
  private <T> T run(String method, Function<IValue, T> read, IValue... arguments) {
    JniUtils.setGraphExecutorOptimize(false);
    try (IValue result = IValueUtils.runMethod(program.block(), method, arguments)) {
      return read.apply(result);
    } catch (EngineException e) {
      throw EngineErrors.of("a layer", "is not taken by the engine", e);
    } finally {
      JniUtils.setGraphExecutorOptimize(true);
      Stream.of(arguments).forEach(IValue::close);
    }
  }

  private static IValue from(NDArray array) {
    return IValue.from((PtNDArray) array);
  }

  private static IValue list(List<NDArray> arrays) {
    return IValue.listFrom(arrays.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
  }

  private static IValue longs(long[] values) {
    return IValue.listFrom(Arrays.copyOf(values, values.length));
  }

  private static IValue doubles(double[] values) {
    return IValue.listFrom(Arrays.copyOf(values, values.length));
  }

  @Override
  public void close() {
    program.close();
  }
}
