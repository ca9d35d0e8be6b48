package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for a real array: passes every call on to it with the arguments unwrapped, and tells a
 * listener of those that give arrays back. Calls that give something else (a shape, a manager) are
 * constants of the trace.
 */
final class RecordingArray implements InvocationHandler {
  private final CallListener listener;
  private final NDArray real;
  private final Object target;

  private RecordingArray(CallListener listener, NDArray real, Object target) {
    this.listener = listener;
    this.real = real;
    this.target = target;
  }

  /** A recording stand-in for an array. */
  static NDArray wrap(CallListener listener, NDArray real) {
    return (NDArray) proxy(NDArray.class, new RecordingArray(listener, real, real));
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
          proxy(NDArrayEx.class, new RecordingArray(listener, real, real.getNDArrayInternal()));
      case "getArray" -> wrap(listener, real);
      default -> call(method, given);
    };
  }

  private @Nullable Object call(Method method, Object[] given) throws Throwable {
    Object[] arguments = Arrays.stream(given).map(RecordingArray::unwrapArgument).toArray();
    Object result = EngineCalls.invoke(method, target, arguments);
    if (result instanceof NDArray array) {
      return record(method, arguments, List.of(array)).get(0);
    }
    if (result instanceof NDList list) {
      return record(method, arguments, list);
    }
    return result;
  }

  private NDList record(Method method, Object[] arguments, List<NDArray> results) {
    List<@Nullable Object> unchanging = Collections.unmodifiableList(Arrays.asList(arguments));
    listener.called(new Call(method, real, unchanging, List.copyOf(results)));
    NDList wrapped = new NDList();
    results.forEach(array -> wrapped.add(wrap(listener, array)));
    return wrapped;
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
