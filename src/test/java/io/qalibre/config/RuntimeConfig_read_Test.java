package io.qalibre.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.errors.UnknownNameException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimeConfig_read_Test {
  private final Path folder;

  RuntimeConfig_read_Test(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void reads_a_file() throws IOException {
    Path file = folder.resolve("target.json");
    try (InputStream int8 = RuntimeConfig.class.getResourceAsStream("int8.json")) {
      Files.write(file, Objects.requireNonNull(int8).readAllBytes());
    }

    RuntimeConfig config = RuntimeConfig.read(file);

    assertThat(config.name()).isEqualTo(file.toString());
    assertThat(config.fusion()).isEqualTo(RuntimeConfig.builtIn("int8").fusion());
  }

  @Test
  void a_missing_file_names_its_neighbour() throws IOException {
    Files.writeString(folder.resolve("target.json"), "{}");

    assertThatThrownBy(() -> RuntimeConfig.read(folder.resolve("targte.json")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no such file; did you mean `target.json`?");
  }

  @Test
  void a_folder_is_no_file() {
    assertThatThrownBy(() -> RuntimeConfig.read(folder))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("found a directory");
  }

  @Test
  void other_bytes_than_utf8_are_named() throws IOException {
    Path file = Files.write(folder.resolve("x.json"), "é".getBytes(StandardCharsets.ISO_8859_1));

    assertThatThrownBy(() -> RuntimeConfig.read(file))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void an_unknown_built_in_config_names_the_nearest() {
    assertThatThrownBy(() -> RuntimeConfig.builtIn("per_chanel"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("did you mean `per_channel`");
  }
}
