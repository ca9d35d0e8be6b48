package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qalibre.errors.QalibreException;
import io.qalibre.testing.OwnProcess;
import io.qalibre.testing.WholeWay;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The whole way in other languages, folders and Javas: the same files and the same findings. */
class Qalibre_environments_Test {
  private static final Path JDKS = Path.of("/usr/lib/jvm");

  @TempDir private static Path root;

  private static Path expected;
  private static String found;

  @BeforeAll
  static void goOnce() throws IOException {
    expected = Files.createDirectory(root.resolve("expected"));
    found = WholeWay.go(expected);
  }

  private static OwnProcess wholeWay(Path folder) throws IOException {
    Files.createDirectories(folder);
    return OwnProcess.of(WholeWay.class, root.resolve("output.txt"), folder.toString())
        .variable("LC_ALL", "C.UTF-8")
        .with("-Dfile.encoding=UTF-8");
  }

  private static void assertSame(String output, Path folder) {
    assertThat(output).contains(found);
    for (String file : WholeWay.FILES) {
      assertThat(folder.resolve(file)).hasSameBinaryContentAs(expected.resolve(file));
    }
  }

  @ParameterizedTest
  @CsvSource({"de, DE, de_DE", "ar, EG, ar_EG"})
  void the_language_changes_nothing(String language, String country, String name)
      throws IOException {
    Path folder = root.resolve(name);

    String output =
        wholeWay(folder).with("-Duser.language=" + language, "-Duser.country=" + country).run();

    assertThat(output).contains("done in " + name);
    assertSame(output, folder);
  }

  @Test
  void folders_may_have_blanks_and_umlauts() {
    // A text: the Java that runs the tests may know no umlauts in the names of files.
    String folder = root + "/Größe und Maß (1) 100 %";

    OwnProcess wholeWay =
        OwnProcess.of(WholeWay.class, root.resolve("output.txt"), folder)
            .variable("LC_ALL", "C.UTF-8")
            .with("-Dfile.encoding=UTF-8");

    assertThat(wholeWay.run()).contains(found);
  }

  /** The program that names a file by characters that its locale lacks. */
  public static final class Umlaut {
    private Umlaut() {}

    public static void main(String[] arguments) {
      try {
        Qalibre.load("Gr\u00f6\u00dfe.onnx");
      } catch (QalibreException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void a_locale_that_lacks_umlauts_is_told() {
    String said =
        OwnProcess.of(Umlaut.class, root.resolve("output.txt")).variable("LC_ALL", "POSIX").run();

    assertThat(said).startsWith("not a path: ").contains("start Java in a UTF-8 locale");
  }

  @ParameterizedTest
  @MethodSource("otherReleases")
  void every_java_gives_the_same(int release) throws IOException {
    Optional<Path> home = jdk(release);
    assumeTrue(home.isPresent(), "there is no JDK " + release + " in " + JDKS);
    Path folder = root.resolve("java" + release);

    String output = wholeWay(folder).in(home.orElseThrow()).run();

    assertSame(output, folder);
  }

  /** Those beside the one that runs the tests, which gave what is expected. */
  private static IntStream otherReleases() {
    return IntStream.of(17, 21, 25).filter(release -> release != Runtime.version().feature());
  }

  private static Optional<Path> jdk(int release) throws IOException {
    if (!Files.isDirectory(JDKS)) {
      return Optional.empty();
    }
    try (Stream<Path> homes = Files.list(JDKS)) {
      return homes.filter(home -> isJdk(home, release)).findFirst();
    }
  }

  private static boolean isJdk(Path home, int release) {
    Path about = home.resolve("release");
    try {
      return Files.isRegularFile(about)
          && Files.readString(about).contains("JAVA_VERSION=\"" + release);
    } catch (IOException e) {
      return false;
    }
  }
}
