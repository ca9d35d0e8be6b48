package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.QalibreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProjectFiles_find_Test {
  private final Path root;
  private final Path clone;
  private final Path notebooks;

  ProjectFiles_find_Test(@TempDir Path root) throws IOException {
    this.root = root;
    clone = Files.createDirectories(root.resolve("clone"));
    notebooks = Files.createDirectories(clone.resolve("notebooks/deep"));
    Files.createDirectories(clone.resolve("data"));
    Files.writeString(clone.resolve("data/x.txt"), "x");
  }

  @Test
  void finds_it_in_the_current_directory() {
    assertThat(ProjectFiles.find("data/x.txt", clone, null)).isEqualTo(clone.resolve("data/x.txt"));
  }

  @Test
  void finds_it_in_a_folder_above() {
    assertThat(ProjectFiles.find("data/x.txt", notebooks, null))
        .isEqualTo(clone.resolve("data/x.txt"));
  }

  @Test
  void the_nearest_folder_wins_over_home() throws IOException {
    Path home = Files.createDirectories(root.resolve("home/data"));
    Files.writeString(home.resolve("x.txt"), "other");

    assertThat(ProjectFiles.find("data/x.txt", notebooks, root.resolve("home").toString()))
        .isEqualTo(clone.resolve("data/x.txt"));
  }

  @Test
  void finds_it_at_home_from_outside_the_clone() throws IOException {
    Path outside = Files.createDirectories(root.resolve("outside"));

    assertThat(ProjectFiles.find("data/x.txt", outside, clone.toString()))
        .isEqualTo(clone.resolve("data/x.txt"));
  }

  @Test
  void takes_an_absolute_path_as_it_is() {
    Path file = clone.resolve("data/x.txt");

    assertThat(ProjectFiles.find(file.toString(), root, null)).isEqualTo(file);
  }

  @Test
  void names_every_place_when_there_is_none() {
    assertThatThrownBy(() -> ProjectFiles.find("data/y.txt", notebooks, root + "/home"))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll(
            "data/y.txt", notebooks + ",", clone + ",", root + ",", root + "/home", "QALIBRE_HOME");
  }

  @Test
  void an_impossible_path_is_a_named_error() {
    assertThatThrownBy(() -> ProjectFiles.find("data/\0"))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("not a path");
  }
}
