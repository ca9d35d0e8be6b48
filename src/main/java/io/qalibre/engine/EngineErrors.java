package io.qalibre.engine;

import ai.djl.engine.EngineException;
import io.qalibre.errors.OutOfMemoryException;
import io.qalibre.errors.QalibreException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says in a sentence what the engine says in pages. */
public final class EngineErrors {
  /** What libtorch says of a processor's memory, and of a GPU's. */
  private static final Pattern MEMORY =
      Pattern.compile("(?i)tried to allocate (\\d+(\\.\\d+)? ?(bytes|[KMGT]i?B))");

  private EngineErrors() {}

  /**
   * The error to be raised for one of the engine's.
   *
   * @param what failed, such as {@code network `net`}
   * @param problem what is the matter, unless memory is; followed by the engine's last line
   * @param cause the engine's error
   */
  public static QalibreException of(String what, String problem, EngineException cause) {
    String message = String.valueOf(cause.getMessage());
    Matcher memory = MEMORY.matcher(message);
    return memory.find()
        ? OutOfMemoryException.outsideOfHeap(what, memory.group(1), cause)
        : new QalibreException(what + " " + problem + ": " + lastLine(message), cause);
  }

  /** What the operator says: the lines before it are the program. */
  private static String lastLine(String message) {
    return message
        .lines()
        .filter(line -> !line.isBlank())
        .reduce("", (before, line) -> line)
        .replaceFirst("^(builtins\\.)?RuntimeError: ", "");
  }
}
