package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the real calls behind recorded ones. Two kinds are made otherwise than the block asks:
 * those that would change its statistics are made in evaluation mode, and those that DJL's PyTorch
 * engine does not have give zeros of the right shape, since a trace needs no values.
 */
final class EngineCalls {
  /** Which argument says that a call is part of a training. */
  private static final Map<String, Integer> TRAINING =
      Map.of("batchNorm", 8, "dropout", 2, "rnn", 7, "lstm", 6, "gru", 6);

  private EngineCalls() {}

  /** Makes a call with unwrapped arguments. */
  static @Nullable Object invoke(Method method, Object target, Object[] arguments)
      throws Throwable {
    switch (method.getName()) {
      case "prelu":
        return zeros(arguments, ((NDArray) arguments[0]).getShape());
      case "deconvolution":
        return zeros(arguments, deconvolved(arguments));
      default:
        Object[] quiet = arguments.clone();
        Integer flag = TRAINING.get(method.getName());
        if (flag != null) {
          quiet[flag] = false;
        }
        try {
          return method.invoke(target, quiet);
        } catch (InvocationTargetException e) {
          throw e.getCause() == null ? e : e.getCause();
        }
    }
  }

  private static NDList zeros(Object[] arguments, Shape shape) {
    return new NDList(((NDArray) arguments[0]).getManager().zeros(shape));
  }

  /** The output shape of a transposed convolution, as DJL's Deconvolution documents it. */
  private static Shape deconvolved(Object[] arguments) {
    Shape input = ((NDArray) arguments[0]).getShape();
    Shape weight = ((NDArray) arguments[1]).getShape();
    Shape stride = (Shape) arguments[3];
    Shape padding = (Shape) arguments[4];
    Shape more = (Shape) arguments[5];
    Shape dilation = (Shape) arguments[6];
    long[] sizes = input.getShape().clone();
    sizes[1] = weight.get(0);
    for (int i = 0; i < sizes.length - 2; i++) {
      sizes[i + 2] =
          (input.get(i + 2) - 1) * stride.get(i)
              - 2 * padding.get(i)
              + dilation.get(i) * (weight.get(i + 2) - 1)
              + more.get(i)
              + 1;
    }
    return new Shape(sizes);
  }
}
