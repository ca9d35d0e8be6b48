package io.qalibre.export;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.qalibre.graph.onnx.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * The entries of an encodings file, as they stand there.
 *
 * @param version the file's version
 * @param activations the entries of activations, by tensor
 * @param parameters the entries of parameters, by tensor; in version 2.0.0, which does not tell
 *     them from activations, the same map
 */
record EncodingsFile(
    EncodingsVersion version,
    Map<String, EncodingsEntry> activations,
    Map<String, EncodingsEntry> parameters) {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** What AIMET writes beside the entries. */
  private static final Set<String> LEGACY_KEYS =
      Set.of(
          "activation_encodings",
          "excluded_layers",
          "param_encodings",
          "producer",
          "quantizer_args",
          "version");

  private static final Set<String> LINEAR_KEYS =
      Set.of("encodings", "excluded_layers", "producer", "quantizer_args", "version");

  /**
   * Reads a file.
   *
   * @throws EncodingsFormatException if there is none, or it is of no version that is known
   */
  static EncodingsFile read(Path path) {
    String file = path.toString();
    if (!Files.isRegularFile(path)) {
      throw new EncodingsFormatException(
          file,
          "expected an encodings file, found "
              + (Files.isDirectory(path) ? "a folder" : "nothing there"));
    }
    try {
      return parse(file, WholeFile.read(path, WholeFile.MOST_JSON));
    } catch (IOException e) {
      throw new EncodingsFormatException(file, "cannot be read: " + e.getMessage());
    }
  }

  /**
   * Reads the bytes of a file.
   *
   * @param file its name, for errors
   * @throws EncodingsFormatException if it is of no version that is known
   */
  static EncodingsFile parse(String file, byte[] bytes) {
    JsonPlace root = new JsonPlace(file, "", tree(file, bytes));
    if (!root.node().isObject()) {
      throw root.error("a JSON object");
    }
    JsonPlace version = root.get("version");
    return switch (EncodingsVersion.of(version.node().asText())
        .orElseThrow(() -> version.error(EncodingsVersion.known()))) {
      case V0_6_1 -> {
        root.requireFields(LEGACY_KEYS);
        yield new EncodingsFile(
            EncodingsVersion.V0_6_1,
            ItemEntryParser.dictionary(root.get("activation_encodings")),
            ItemEntryParser.dictionary(root.get("param_encodings")));
      }
      case V1_0_0 -> {
        root.requireFields(LEGACY_KEYS);
        yield new EncodingsFile(
            EncodingsVersion.V1_0_0,
            ItemEntryParser.list(root.get("activation_encodings")),
            ItemEntryParser.list(root.get("param_encodings")));
      }
      case V2_0_0 -> {
        root.requireFields(LINEAR_KEYS);
        Map<String, EncodingsEntry> entries = LinearEntryParser.list(root.get("encodings"));
        yield new EncodingsFile(EncodingsVersion.V2_0_0, entries, entries);
      }
    };
  }

  private static JsonNode tree(String file, byte[] bytes) {
    try {
      return MAPPER.readTree(bytes);
    } catch (JsonProcessingException e) {
      // What is nested too deep, or a number too long, has no place.
      JsonLocation place = e.getLocation();
      throw new EncodingsFormatException(
          file,
          (place == null
                  ? ""
                  : "line " + place.getLineNr() + ", column " + place.getColumnNr() + ": ")
              + "not JSON: "
              + e.getOriginalMessage().lines().findFirst().orElse(""));
    } catch (IOException e) {
      // Bytes that look like UTF-16 or UTF-32 and are not.
      throw new EncodingsFormatException(file, "not JSON: " + e.getMessage());
    }
  }
}
