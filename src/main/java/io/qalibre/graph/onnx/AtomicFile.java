package io.qalibre.graph.onnx;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** Writes files that appear whole or not at all. */
public final class AtomicFile {
  private AtomicFile() {}

  /** Writes the content of a file. */
  @FunctionalInterface
  public interface Content {
    /**
     * Writes everything.
     *
     * @param out the file; it is buffered, and closed afterwards
     * @throws IOException if the content cannot be written
     */
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes beside the target under a temporary name, then moves.
   *
   * @param path the file; its folder is made where it does not exist
   * @param content writes the file's bytes
   * @throws IOException if it cannot be written; the target is then as it was before
   */
  public static void write(Path path, Content content) throws IOException {
    write(Map.of(path, content));
  }

  /**
   * Writes files that belong together: each beside its target under a temporary name; once all are
   * complete they are moved, in their order.
   *
   * @param files what to write into which file; folders are made where they do not exist
   * @throws IOException if one cannot be written; the targets are then as they were before
   */
  public static void write(Map<Path, Content> files) throws IOException {
    Map<Path, Path> targets = new LinkedHashMap<>();
    try {
      for (Map.Entry<Path, Content> file : files.entrySet()) {
        Path target = file.getKey().toAbsolutePath();
        Path temporary = temporary(target);
        targets.put(temporary, target);
        fill(temporary, file.getValue());
      }
      for (Map.Entry<Path, Path> move : targets.entrySet()) {
        Files.move(
            move.getKey(),
            move.getValue(),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      for (Path temporary : targets.keySet()) {
        Files.deleteIfExists(temporary);
      }
    }
  }

  /**
   * Makes a file's folder, and an empty file beside it, which is removed again.
   *
   * @throws IOException if the file could not be written
   */
  public static void requireWritable(Path path) throws IOException {
    Path temporary = temporary(path.toAbsolutePath());
    try {
      fill(temporary, out -> {});
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static Path temporary(Path target) throws IOException {
    if (Files.isDirectory(target)) {
      throw new IOException("it is a folder");
    }
    Path folder = target.getParent();
    if (folder == null) {
      throw new IOException("it has no folder");
    }
    Files.createDirectories(folder);
    // Not Files.createTempFile: its files can be read by their owner only, and so would the target.
    return folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
  }

  /** Not by a channel: an interrupt would close it, and what was to be kept would be lost. */
  private static void fill(Path path, Content content) throws IOException {
    try (FileOutputStream file = new FileOutputStream(path.toFile());
        OutputStream out = new BufferedOutputStream(file, 1 << 16)) {
      content.writeTo(out);
      out.flush();
      // On the disk before the name is: a crash must not leave the name with half the content.
      file.getFD().sync();
    }
  }
}
