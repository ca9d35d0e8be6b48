package io.qalibre.export;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
    JsonPlace root = new JsonPlace(path.toString(), "", tree(path));
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

  private static JsonNode tree(Path path) {
    String file = path.toString();
    if (!Files.isRegularFile(path)) {
      throw new EncodingsFormatException(
          file,
          "expected an encodings file, found "
              + (Files.isDirectory(path) ? "a folder" : "nothing there"));
    }
    try {
      return MAPPER.readTree(Files.readAllBytes(path));
    } catch (JsonProcessingException e) {
      throw new EncodingsFormatException(
          file,
          "line "
              + e.getLocation().getLineNr()
              + ", column "
              + e.getLocation().getColumnNr()
              + ": not JSON: "
              + e.getOriginalMessage().lines().findFirst().orElse(""));
    } catch (IOException e) {
      throw new EncodingsFormatException(file, "cannot be read: " + e.getMessage());
    }
  }
}
