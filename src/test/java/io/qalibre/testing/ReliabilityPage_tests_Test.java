package io.qalibre.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.data.ProjectFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/reliability.md} names a test for each fault: these tests exist. */
class ReliabilityPage_tests_Test {
  private static final Pattern NAMED = Pattern.compile("`(\\w+_Test)(?:\\.(\\w+))?`");

  private static Map<String, String> sources() throws IOException {
    Map<String, String> sources = new TreeMap<>();
    try (Stream<Path> files = Files.walk(ProjectFiles.find("src/test/java"))) {
      for (Path file : files.filter(f -> f.toString().endsWith("_Test.java")).toList()) {
        String name = file.getFileName().toString();
        sources.put(name.substring(0, name.length() - ".java".length()), Files.readString(file));
      }
    }
    return sources;
  }

  @Test
  void every_test_that_is_named_exists_and_every_row_names_one() throws IOException {
    Map<String, String> sources = sources();
    int rows = 0;
    boolean faults = false;
    for (String line : Files.readAllLines(ProjectFiles.find("docs/reliability.md"))) {
      int named = namedIn(line, sources);
      if (!line.startsWith("|") || line.endsWith("| test |")) {
        faults = line.startsWith("|");
      } else if (faults && !line.startsWith("|-")) {
        rows++;
        assertThat(named).as(line).isPositive();
      }
    }
    assertThat(rows).isGreaterThan(30);
  }

  /** How many tests a line names, all of which exist. */
  private static int namedIn(String line, Map<String, String> sources) {
    int count = 0;
    Matcher named = NAMED.matcher(line);
    while (named.find()) {
      count++;
      assertThat(sources).containsKey(named.group(1));
      String method = named.group(2);
      if (method != null) {
        assertThat(sources.get(named.group(1)).contains(" " + method + "(")).as(line).isTrue();
      }
    }
    return count;
  }
}
