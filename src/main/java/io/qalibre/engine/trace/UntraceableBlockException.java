package io.qalibre.engine.trace;

import io.qalibre.errors.QalibreException;

/** A DJL Block calls something that has no counterpart in ONNX, or none that Qalibre knows yet. */
public final class UntraceableBlockException extends QalibreException {
  private static final long serialVersionUID = 1L;

  UntraceableBlockException(String message) {
    super(message);
  }
}
