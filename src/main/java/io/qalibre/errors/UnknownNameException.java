package io.qalibre.errors;

import java.util.Collection;

/** A name was asked for that does not exist; the message lists the nearest ones that do. */
public final class UnknownNameException extends QalibreException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an error such as {@code no tensor `conv1.w` in mnist; did you mean `conv1.weight`?}.
   *
   * @param kind what was looked for: "tensor", "node", "key"
   * @param name the name that was not found
   * @param where the place that was searched
   * @param known the names that exist there
   */
  public UnknownNameException(String kind, String name, String where, Collection<String> known) {
    super("no " + kind + " `" + name + "` in " + where + NearNames.hint(name, known));
  }
}
