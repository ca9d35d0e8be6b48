package io.qalibre.notebook;

import io.qalibre.errors.QalibreException;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Small helpers for cells, imported statically into every notebook. */
public final class Cells {
  private Cells() {}

  /**
   * Shows a value below the cell, as if it were the cell's result. It does so in JJava and, for
   * tables and charts, in the original IJava and in rapaio-jupyter-kernel; elsewhere it prints it.
   *
   * @param value a table, a chart, or anything else
   */
  public static void show(@Nullable Object value) {
    Kernel kernel = Kernel.installed();
    if (kernel != null) {
      kernel.show(value);
      return;
    }
    Optional<OtherKernels.Shown> other = OtherKernels.present();
    Optional<Picture> picture = other.flatMap(kernelThere -> Picture.of(value));
    if (other.isPresent() && picture.isPresent()) {
      other.get().html(picture.get().html());
    } else {
      System.out.println(value);
    }
  }

  /**
   * A number that the environment may set, so that one notebook is both a demonstration and a short
   * test.
   *
   * @param name the environment variable
   * @param otherwise the value where it is not set
   * @throws QalibreException if it is set to something that is no whole number
   */
  public static int param(String name, int otherwise) {
    return Parameters.of(System::getenv).read(name, otherwise, Integer::valueOf, "a whole number");
  }

  /**
   * A number that the environment may set.
   *
   * @param name the environment variable
   * @param otherwise the value where it is not set
   * @throws QalibreException if it is set to something that is no number
   */
  public static double param(String name, double otherwise) {
    return Parameters.of(System::getenv).read(name, otherwise, Double::valueOf, "a number");
  }

  /**
   * A text that the environment may set.
   *
   * @param name the environment variable
   * @param otherwise the value where it is not set
   */
  public static String param(String name, String otherwise) {
    return Parameters.of(System::getenv).read(name, otherwise, text -> text, "a text");
  }

  /**
   * Stops the notebook where something does not hold; unlike {@code assert}, always.
   *
   * @param condition what must hold
   * @param message what is wrong if it does not
   * @throws QalibreException if the condition is false
   */
  public static void check(boolean condition, String message) {
    if (!condition) {
      throw new QalibreException("check failed: " + message);
    }
  }

  /** Where parameters come from. */
  @FunctionalInterface
  interface Environment {
    /** The value of a variable, or null where it is not set. */
    @Nullable String get(String name);
  }

  /** Parameters read from the environment or, in tests, from anywhere else. */
  record Parameters(Environment environment) {
    static Parameters of(Environment environment) {
      return new Parameters(environment);
    }

    <T> T read(String name, T otherwise, Function<String, T> parse, String expected) {
      String text = environment.get(name);
      if (text == null || text.isBlank()) {
        return otherwise;
      }
      try {
        return parse.apply(text.strip());
      } catch (NumberFormatException e) {
        throw new QalibreException(
            String.format(
                Locale.ROOT,
                "environment variable `%s`: expected %s, such as %s, found `%s`",
                name,
                expected,
                otherwise,
                text),
            e);
      }
    }
  }
}
