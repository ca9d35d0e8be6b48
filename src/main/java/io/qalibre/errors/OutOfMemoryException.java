package io.qalibre.errors;

import java.util.Locale;
import java.util.function.Supplier;

/** There is not enough memory for what was asked; the message says how much that was. */
public final class OutOfMemoryException extends QalibreException {
  private static final long serialVersionUID = 1L;

  private OutOfMemoryException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Takes memory of the Java heap, or a buffer beside it.
   *
   * @param <T> what holds it
   * @param what it is for, such as {@code the weights of net.onnx}
   * @param bytes how much it is
   * @param taking takes it
   * @return what was taken
   * @throws OutOfMemoryException if there is not as much
   */
  public static <T> T guard(String what, long bytes, Supplier<T> taking) {
    try {
      return taking.get();
    } catch (OutOfMemoryError e) {
      throw new OutOfMemoryException(
          String.format(
              Locale.ROOT,
              "not enough memory: %s takes %,d bytes of the Java heap, which may hold %,d in all;"
                  + " start Java with more (-Xmx), or take less at a time",
              what,
              bytes,
              Runtime.getRuntime().maxMemory()),
          e);
    }
  }

  /**
   * The error that the engine could not take memory outside of the Java heap.
   *
   * @param what asked for it
   * @param size how much it was, with its unit
   * @param cause the engine's error
   */
  public static OutOfMemoryException outsideOfHeap(String what, String size, Throwable cause) {
    return new OutOfMemoryException(
        "not enough memory: %s asked for %s outside of the Java heap; take smaller batches, or leave the system more memory"
            .formatted(what, size),
        cause);
  }
}
