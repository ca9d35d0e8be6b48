package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Idx_read_Test {
  private static final byte[] SIX = {1, 2, 3, 4, 5, (byte) 200};

  private final Path folder;

  Idx_read_Test(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void reads_the_elements_behind_the_header() throws IOException {
    assertThat(Idx.read(write(SIX, 0x0802, 2, 3), 2, 3)).isEqualTo(SIX);
  }

  @Test
  void a_missing_file_is_named() {
    expect(folder.resolve("none.gz"), "no file", "none.gz", "clone");
  }

  @Test
  void another_magic_number_is_shown_beside_the_expected_one() throws IOException {
    expect(write(SIX, 0x0d02, 2, 3), "0x00000d02", "0x00000802");
  }

  @Test
  void other_sizes_are_shown_beside_the_expected_ones() throws IOException {
    expect(write(SIX, 0x0802, 3, 2), "3×2", "expected 2×3");
  }

  @Test
  void too_few_elements_are_counted() throws IOException {
    expect(write(Arrays.copyOf(SIX, 4), 0x0802, 2, 3), "cut short", "expected 6", "found 4");
  }

  @Test
  void too_many_elements_are_an_error() throws IOException {
    expect(write(Arrays.copyOf(SIX, 7), 0x0802, 2, 3), "too long", "expected 6");
  }

  @Test
  void a_gzip_file_cut_anywhere_is_an_error() throws IOException {
    byte[] whole = Files.readAllBytes(write(SIX, 0x0802, 2, 3));
    for (int length = 0; length < whole.length; length++) {
      Path cut = Files.write(folder.resolve("cut.gz"), Arrays.copyOf(whole, length));
      expect(cut, "cut.gz");
    }
  }

  @Test
  void a_file_that_is_not_gzip_is_an_error() throws IOException {
    expect(Files.write(folder.resolve("plain.gz"), new byte[40]), "not a sound gzip file");
  }

  private static void expect(Path file, String... parts) {
    assertThatThrownBy(() -> Idx.read(file, 2, 3))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll(parts);
  }

  private Path write(byte[] elements, int... header) throws IOException {
    Path file = folder.resolve("some.gz");
    try (DataOutputStream out =
        new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(file)))) {
      for (int number : header) {
        out.writeInt(number);
      }
      out.write(elements);
    }
    return file;
  }
}
