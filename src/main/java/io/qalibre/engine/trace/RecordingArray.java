package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for a real array: passes every call on to it with the arguments unwrapped, and records
 * those that give arrays back. Calls that give something else (a shape, a manager) are constants of
 * the trace.
 */
final class RecordingArray implements InvocationHandler {
  private final Trace trace;
  private final NDArray real;
  private final Object target;

  private RecordingArray(Trace trace, NDArray real, Object target) {
    this.trace = trace;
    this.real = real;
    this.target = target;
  }

  /** A recording stand-in for an array. */
  static NDArray wrap(Trace trace, NDArray real) {
    return (NDArray) proxy(NDArray.class, new RecordingArray(trace, real, real));
  }

  /** The array behind a stand-in; any other array is its own. */
  static NDArray unwrap(NDArray array) {
    return Proxy.isProxyClass(array.getClass())
            && Proxy.getInvocationHandler(array) instanceof RecordingArray recording
        ? recording.real
        : array;
  }

  private static Object proxy(Class<?> type, RecordingArray handler) {
    return Proxy.newProxyInstance(
        RecordingArray.class.getClassLoader(), new Class<?>[] {type}, handler);
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    Object[] given = arguments == null ? new Object[0] : arguments;
    return switch (method.getName()) {
      case "equals" -> given[0] instanceof NDArray other && unwrap(other).equals(real);
      case "hashCode" -> System.identityHashCode(real);
      case "getNDArrayInternal" ->
          proxy(NDArrayEx.class, new RecordingArray(trace, real, real.getNDArrayInternal()));
      case "getArray" -> wrap(trace, real);
      default -> call(method, given);
    };
  }

  private @Nullable Object call(Method method, Object[] given) throws Throwable {
    Object[] arguments = Arrays.stream(given).map(RecordingArray::unwrapArgument).toArray();
    Object result;
    try {
      result = method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
    if (result instanceof NDArray array) {
      return record(method, arguments, array);
    }
    if (result instanceof NDList list) {
      if (list.size() != 1) {
        throw untraceable(method);
      }
      return new NDList(record(method, arguments, list.get(0)));
    }
    return result;
  }

  private NDArray record(Method method, Object[] arguments, NDArray result) {
    Optional<TracedCalls.Converter> converter = TracedCalls.find(method.getName());
    TracedCall call = new TracedCall(trace, real, method.getName(), arguments, result);
    String tensor = converter.orElseThrow(() -> untraceable(method)).convert(call);
    return trace.result(result, tensor);
  }

  private static UntraceableBlockException untraceable(Method method) {
    return new UntraceableBlockException(
        "the block calls "
            + method.getDeclaringClass().getSimpleName()
            + "."
            + method.getName()
            + "("
            + String.join(
                ", ", Arrays.stream(method.getParameterTypes()).map(Class::getSimpleName).toList())
            + "), which cannot be traced; traced calls: "
            + String.join(", ", TracedCalls.names()));
  }

  private static Object unwrapArgument(Object argument) {
    if (argument instanceof NDArray array) {
      return unwrap(array);
    }
    if (argument instanceof NDList list) {
      NDList unwrapped = new NDList();
      list.forEach(array -> unwrapped.add(unwrap(array)));
      return unwrapped;
    }
    return argument;
  }
}
