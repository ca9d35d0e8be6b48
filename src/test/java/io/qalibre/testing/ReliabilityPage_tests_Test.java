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
  private static final Pattern ROW = Pattern.compile("\\| [^|]+ \\| [^|]+ \\| ([^|]+) \\|");

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
    for (String line : Files.readAllLines(ProjectFiles.find("docs/reliability.md"))) {
      Matcher row = ROW.matcher(line);
      boolean fault = row.matches() && !line.contains("---") && !line.startsWith("| fault");
      rows += fault ? 1 : 0;
      Matcher named = NAMED.matcher(line);
      boolean any = false;
      while (named.find()) {
        any = true;
        assertThat(sources).containsKey(named.group(1));
        if (named.group(2) != null) {
          assertThat(sources.get(named.group(1)))
              .as(line)
              .containsPattern("\\b" + named.group(2) + "\\(");
        }
      }
      assertThat(any || !fault).as(line).isTrue();
    }
    assertThat(rows).isGreaterThan(20);
  }
}
