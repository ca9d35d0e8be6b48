package io.qalibre.export;

import io.qalibre.errors.QalibreException;

/**
 * An encodings file cannot be read, or does not go with the quantizers it is read for. The message
 * has the form {@code file: where: expected this, found that}.
 */
public final class EncodingsFormatException extends QalibreException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an error.
   *
   * @param file the file's name
   * @param problem where in the file, what was expected and what was found
   */
  public EncodingsFormatException(String file, String problem) {
    super(file + ": " + problem);
  }
}
