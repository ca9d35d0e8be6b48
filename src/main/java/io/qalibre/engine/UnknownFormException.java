package io.qalibre.engine;

import io.qalibre.errors.QalibreException;

/** A layer has a form that {@link RoundingOptimizer} does not optimize; the message says which. */
public final class UnknownFormException extends QalibreException {
  private static final long serialVersionUID = 1L;

  UnknownFormException(String message) {
    super(message);
  }
}
