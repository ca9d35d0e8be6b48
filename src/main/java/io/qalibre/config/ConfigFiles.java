package io.qalibre.config;

import io.qalibre.errors.NearNames;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.onnx.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds configs: the user's files and those that come with Qalibre. */
final class ConfigFiles {
  /** Qualcomm's later processors have the same rules. */
  private static final String SHARED_HTP = "htp_v73";

  private static final List<String> BUILT_IN =
      List.of(
          "int8",
          "per_channel",
          "per_tensor",
          "htp_v66",
          "htp_v68",
          "htp_v69",
          "htp_v73",
          "htp_v75",
          "htp_v79",
          "htp_v81",
          "htp_v85");

  private ConfigFiles() {}

  static RuntimeConfig read(Path file) {
    String name = file.toString();
    if (!Files.isRegularFile(file)) {
      String found = Files.isDirectory(file) ? "a directory" : "no such file";
      throw new ConfigException(
          name,
          "$",
          "expected a JSON file, found " + found + NearNames.hint(leaf(file), near(file)));
    }
    try {
      return RuntimeConfig.parse(name, text(WholeFile.read(file, WholeFile.MOST_JSON)));
    } catch (CharacterCodingException e) {
      throw new ConfigException(name, "$", "expected text in UTF-8, found other bytes", e);
    } catch (IOException e) {
      throw new ConfigException(name, "$", "the file cannot be read: " + e.getMessage(), e);
    }
  }

  private static String text(byte[] bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  static RuntimeConfig builtIn(String name) {
    if (!BUILT_IN.contains(name)) {
      throw new UnknownNameException("built-in config", name, "Qalibre", BUILT_IN);
    }
    return resource(name)
        .orElseGet(
            () ->
                resource(SHARED_HTP)
                    .orElseThrow()
                    .forHardware(name, name.substring("htp_".length()).toUpperCase(Locale.ROOT)));
  }

  private static Optional<RuntimeConfig> resource(String name) {
    try (InputStream stream = ConfigFiles.class.getResourceAsStream(name + ".json")) {
      return stream == null
          ? Optional.empty()
          : Optional.of(
              RuntimeConfig.parse(name, new String(stream.readAllBytes(), StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String leaf(Path file) {
    Path leaf = file.getFileName();
    return leaf == null ? file.toString() : leaf.toString();
  }

  private static List<String> near(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(file) || !Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> siblings = Files.list(folder)) {
      return siblings.map(ConfigFiles::leaf).filter(n -> n.endsWith(".json")).toList();
    } catch (IOException e) {
      return List.of(); // the names are only a courtesy
    }
  }
}
