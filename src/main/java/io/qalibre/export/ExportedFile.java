package io.qalibre.export;

import java.nio.file.Path;

/**
 * A file that an export wrote.
 *
 * @param path where it is
 * @param what what it holds
 * @param use what the target does with it
 * @param bytes its size
 */
public record ExportedFile(Path path, String what, String use, long bytes) {
  /** The size in KiB. */
  public double kibibytes() {
    return bytes / 1024.0;
  }
}
