package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A call that a block made on an array.
 *
 * @param method what was called
 * @param self the array it was called on
 * @param arguments what it was called with; optional ones may be null
 * @param results the arrays that came out
 */
record Call(Method method, NDArray self, List<@Nullable Object> arguments, List<NDArray> results) {

  /** The method's name. */
  String name() {
    return method.getName();
  }

  /** The arrays that went in: the array itself, then the arguments that are arrays. */
  List<NDArray> reads() {
    List<NDArray> reads = new ArrayList<>(List.of(self));
    for (Object argument : arguments) {
      if (argument instanceof NDArray array) {
        reads.add(array);
      } else if (argument instanceof NDList list) {
        reads.addAll(list);
      }
    }
    return reads;
  }

  /** The arrays that went in and those that came out. */
  List<NDArray> arrays() {
    List<NDArray> arrays = new ArrayList<>(reads());
    arrays.addAll(results);
    return arrays;
  }

  /** The method with the numbers it was called with, such as {@code mul(2.0)}. */
  String withNumbers() {
    return name()
        + arguments.stream()
            .filter(a -> a instanceof Number || a instanceof Boolean)
            .map(String::valueOf)
            .collect(Collectors.joining(", ", "(", ")"));
  }

  /** The method as it is declared, such as {@code NDArray.cumSum(int)}. */
  String declared() {
    return method.getDeclaringClass().getSimpleName()
        + "."
        + name()
        + Arrays.stream(method.getParameterTypes())
            .map(Class::getSimpleName)
            .collect(Collectors.joining(", ", "(", ")"));
  }
}
