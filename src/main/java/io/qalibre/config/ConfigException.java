package io.qalibre.config;

import io.qalibre.errors.QalibreException;

/**
 * A runtime config is wrong, or asks for what is not supported; the message names file and place.
 */
public final class ConfigException extends QalibreException {
  private static final long serialVersionUID = 1L;

  private final String file;
  private final String path;

  /**
   * Creates an error such as {@code config `my.json` at $.op_type.Conv: expected …, found …}.
   *
   * @param file the config's file or name
   * @param path the JSON path of the place, such as {@code $.op_type.Conv.is_output_quantized}
   * @param problem what was expected and what was found
   */
  public ConfigException(String file, String path, String problem) {
    super(message(file, path, problem));
    this.file = file;
    this.path = path;
  }

  /**
   * Creates an error with a cause.
   *
   * @param file the config's file or name
   * @param path the JSON path of the place
   * @param problem what was expected and what was found
   * @param cause the failure underneath
   */
  public ConfigException(String file, String path, String problem, Throwable cause) {
    super(message(file, path, problem), cause);
    this.file = file;
    this.path = path;
  }

  /** The config's file or name. */
  public String file() {
    return file;
  }

  /** The JSON path of the place, {@code $} for the whole file. */
  public String path() {
    return path;
  }

  private static String message(String file, String path, String problem) {
    return "config `" + file + "` at " + path + ": " + problem;
  }
}
