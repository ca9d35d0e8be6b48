package io.qalibre.graph.onnx;

import io.qalibre.errors.QalibreException;

/**
 * A file is not an ONNX model that can be read, or a graph cannot be written as one. The message
 * has the form {@code file: what: expected this, found that}.
 */
public final class OnnxFormatException extends QalibreException {
  private static final long serialVersionUID = 1L;

  private final String file;

  /**
   * Creates an error.
   *
   * @param file the file's name, or the name given for data from memory
   * @param what the part of the file, such as {@code initializer `conv1.weight`}; empty for the
   *     file as a whole
   * @param expected what belongs there
   * @param found what is there
   */
  public OnnxFormatException(String file, String what, String expected, String found) {
    super(
        file
            + ": "
            + (what.isEmpty() ? "" : what + ": ")
            + "expected "
            + expected
            + ", found "
            + found);
    this.file = file;
  }

  /** The file's name, or the name given for data from memory. */
  public String file() {
    return file;
  }
}
