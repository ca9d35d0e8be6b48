package io.qalibre.errors;

import java.util.function.Supplier;

/**
 * The user asked a long piece of work to stop, and it did. Nothing is wrong: what was finished
 * before stands.
 */
public final class InterruptedWorkException extends QalibreException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an error such as {@code interrupted: stopped after 640 of 55,000 samples}.
   *
   * @param what what was stopped, and how far it had come
   */
  public InterruptedWorkException(String what) {
    super("interrupted: " + what);
  }

  /**
   * Throws if the current thread has been interrupted. The thread's flag is cleared then, so that
   * the next cell, which runs on the same thread, is not stopped as well.
   *
   * @param what what is being stopped; asked for only when it is
   * @throws InterruptedWorkException if the thread has been interrupted
   */
  public static void check(Supplier<String> what) {
    if (Thread.interrupted()) {
      throw new InterruptedWorkException(what.get());
    }
  }
}
