package io.qalibre.errors;

/**
 * The root of every error that Qalibre raises on purpose. Its message says what went wrong, where,
 * what was expected and what was found; it is unchecked, so that a notebook cell needs no {@code
 * try}.
 */
public class QalibreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an error.
   *
   * @param message what, where, expected and found, in one or two sentences
   */
  public QalibreException(String message) {
    super(message);
  }

  /**
   * Creates an error with a cause.
   *
   * @param message what, where, expected and found, in one or two sentences
   * @param cause the failure underneath
   */
  public QalibreException(String message, Throwable cause) {
    super(message, cause);
  }
}
