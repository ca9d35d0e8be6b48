package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the files that come with the project, wherever inside it the program runs: notebooks run in
 * {@code notebooks/}, data lies in {@code data/}.
 */
public final class ProjectFiles {
  /** The environment variable that names the project's folder for programs outside it. */
  public static final String HOME = "QALIBRE_HOME";

  private ProjectFiles() {}

  /**
   * Finds a file or folder: in the current directory, else in the nearest folder above it that has
   * it, else in the folder that the environment variable {@code QALIBRE_HOME} names.
   *
   * @param path a path such as {@code data/models/mobilenet_v2.onnx}; an absolute one is taken as
   *     it is
   * @return the absolute path of what was found
   * @throws QalibreException if there is none; the message lists the folders looked into
   */
  public static Path find(String path) {
    return find(path, Path.of("").toAbsolutePath(), System.getenv(HOME));
  }

  static Path find(String path, Path start, @Nullable String home) {
    Path wanted = parse(path);
    List<Path> folders = new ArrayList<>();
    for (Path folder = start; folder != null; folder = folder.getParent()) {
      folders.add(folder);
    }
    if (home != null && !home.isBlank()) {
      folders.add(parse(home).toAbsolutePath());
    }
    return folders.stream()
        .map(folder -> folder.resolve(wanted).normalize())
        .filter(Files::exists)
        .findFirst()
        .orElseThrow(() -> missing(wanted, folders));
  }

  private static QalibreException missing(Path wanted, List<Path> folders) {
    if (wanted.isAbsolute()) {
      return new QalibreException("no file or folder `" + wanted + "`");
    }
    return new QalibreException(
        "no file or folder `"
            + wanted
            + "`; looked in "
            + folders.stream().map(Path::toString).collect(Collectors.joining(", "))
            + "; run inside a clone of the project, or set the environment variable "
            + HOME
            + " to its folder");
  }

  /**
   * A path from its text.
   *
   * @throws QalibreException if it is none, or holds characters that this Java cannot name files by
   */
  public static Path parse(String path) {
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      boolean plain = path.chars().allMatch(c -> c < 128);
      throw new QalibreException(
          "not a path: `"
              + path
              + "`: "
              + e.getReason()
              + (plain ? "" : "; start Java in a UTF-8 locale, such as LC_ALL=C.UTF-8"),
          e);
    }
  }
}
