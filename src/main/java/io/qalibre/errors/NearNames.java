package io.qalibre.errors;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Finds the names a user is likely to have meant. */
public final class NearNames {
  private static final int SHOWN = 3;

  /** Names longer than this are no typing errors, and comparing them takes long. */
  private static final int LONGEST = 500;

  private NearNames() {}

  /**
   * The ending of an error message that offers the nearest names.
   *
   * @param name the name that was not found
   * @param known the names that exist
   * @return {@code ; did you mean `a` or `b`?}, a list of all names where there are few, or an
   *     empty string where there are none
   */
  public static String hint(String name, Collection<String> known) {
    List<String> near = near(name, known);
    if (!near.isEmpty()) {
      return "; did you mean " + quoted(near, " or ") + "?";
    }
    if (known.isEmpty()) {
      return "";
    }
    List<String> first = known.stream().sorted().limit(12).toList();
    return "; known: " + quoted(first, ", ") + (known.size() > first.size() ? ", …" : "");
  }

  /**
   * The known names within a third of {@code name}'s length in edits, or containing it, or in it.
   */
  static List<String> near(String name, Collection<String> known) {
    String wanted = name.toLowerCase(Locale.ROOT);
    if (name.length() > LONGEST) {
      return List.of();
    }
    int limit = Math.max(2, name.length() / 3);
    LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
    record Candidate(String name, int cost) {}
    return known.stream()
        .distinct()
        .filter(k -> k.length() <= LONGEST)
        .map(
            k -> {
              String lower = k.toLowerCase(Locale.ROOT);
              int cost = distance.apply(wanted, lower);
              boolean contains =
                  Math.min(wanted.length(), lower.length()) > 2
                      && (lower.contains(wanted) || wanted.contains(lower));
              return new Candidate(k, contains ? Math.min(cost, limit) : cost);
            })
        .filter(c -> c.cost <= limit)
        .sorted(Comparator.comparingInt(Candidate::cost).thenComparing(Candidate::name))
        .limit(SHOWN)
        .map(Candidate::name)
        .toList();
  }

  private static String quoted(List<String> names, String separator) {
    return names.stream()
        .map(n -> "`" + (n.length() > LONGEST ? n.substring(0, LONGEST) + "…" : n) + "`")
        .collect(Collectors.joining(separator));
  }
}
