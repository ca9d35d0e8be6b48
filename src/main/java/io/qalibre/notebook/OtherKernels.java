package io.qalibre.notebook;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Java kernels that know no extensions: what they show is handed to their own display as HTML. They
 * are found by name, for nothing here is compiled against them.
 */
final class OtherKernels {
  private static final List<Candidate> CANDIDATES =
      List.of(
          new Candidate("org.rapaio.jupyter.kernel.global.Global", Order.TYPE_FIRST),
          new Candidate("io.github.spencerpark.ijava.runtime.Display", Order.VALUE_FIRST));

  private OtherKernels() {}

  /** The display of the kernel that this process is, if it is one of them. */
  static Optional<Shown> present() {
    return present(CANDIDATES, OtherKernels.class.getClassLoader());
  }

  static Optional<Shown> present(List<Candidate> candidates, ClassLoader classes) {
    return candidates.stream().flatMap(c -> c.find(classes).stream()).findFirst();
  }

  /** Shows HTML below the running cell. */
  @FunctionalInterface
  interface Shown {
    /** Shows it. */
    void html(String html);
  }

  /** How the method {@code display} of a kernel takes what it shows and its media type. */
  enum Order {
    /** {@code display(String type, Object value)}. */
    TYPE_FIRST(String.class, Object.class) {
      @Override
      Object[] arguments(String html) {
        return new Object[] {Picture.HTML, html};
      }
    },
    /** {@code display(Object value, String... types)}. */
    VALUE_FIRST(Object.class, String[].class) {
      @Override
      Object[] arguments(String html) {
        return new Object[] {html, new String[] {Picture.HTML}};
      }
    };

    private final Class<?>[] types;

    Order(Class<?>... types) {
      this.types = types;
    }

    abstract Object[] arguments(String html);
  }

  /**
   * A kernel that may be there.
   *
   * @param type the class with its static method {@code display}
   * @param order how that takes its arguments
   */
  record Candidate(String type, Order order) {
    private Optional<Shown> find(ClassLoader classes) {
      Method display = method(classes);
      return display == null
          ? Optional.empty()
          : Optional.of(html -> call(display, order.arguments(html)));
    }

    private @Nullable Method method(ClassLoader classes) {
      try {
        return Class.forName(type, false, classes).getMethod("display", order.types);
      } catch (ReflectiveOperationException | LinkageError e) {
        return null; // not that kernel, or a version of it that shows things in another way
      }
    }

    private static void call(Method display, Object[] arguments) {
      try {
        display.invoke(null, arguments);
      } catch (InvocationTargetException e) {
        throw new IllegalStateException("the notebook does not show it: " + e.getCause(), e);
      } catch (IllegalAccessException e) {
        throw new IllegalStateException("the notebook does not show it: " + e, e);
      }
    }
  }
}
