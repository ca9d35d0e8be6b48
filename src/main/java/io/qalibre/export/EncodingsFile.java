package io.qalibre.export;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The entries of an encodings file, as they stand there.
 *
 * @param activations the entries of activations, by tensor
 * @param parameters the entries of parameters, by tensor
 */
record EncodingsFile(
    Map<String, EncodingsEntry> activations, Map<String, EncodingsEntry> parameters) {
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final int MOST_BITS = 32;

  /**
   * Reads a file.
   *
   * @throws EncodingsFormatException if there is none, or it is not of version 1.0.0
   */
  static EncodingsFile read(Path path) {
    return new Parser(path.toString()).file(tree(path));
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

  /** Checks every value on the way, so that an error names its JSON path. */
  private record Parser(String file) {
    EncodingsFile file(JsonNode root) {
      if (!root.isObject()) {
        throw error("", "a JSON object", root);
      }
      JsonNode version = root.path("version");
      if (!version.asText().equals(EncodingsWriter.VERSION)) {
        throw error("version", "1.0.0, the only version read yet", version);
      }
      return new EncodingsFile(
          section(root, "activation_encodings"), section(root, "param_encodings"));
    }

    private Map<String, EncodingsEntry> section(JsonNode root, String name) {
      JsonNode section = array(root.path(name), name);
      Map<String, EncodingsEntry> entries = new LinkedHashMap<>();
      for (int i = 0; i < section.size(); i++) {
        String path = name + "[" + i + "]";
        JsonNode tensor = section.get(i).path("name");
        if (!tensor.isTextual()) {
          throw error(path + ".name", "a tensor's name", tensor);
        }
        if (entries.put(tensor.asText(), entry(section.get(i), path)) != null) {
          throw error(path + ".name", "a tensor not listed before", tensor);
        }
      }
      return entries;
    }

    private EncodingsEntry entry(JsonNode entry, String path) {
      word(entry, path, "dtype", List.of("INT"));
      word(entry, path, "enc_type", List.of("PER_TENSOR", "PER_CHANNEL"));
      if (entry.has("zero_point_shift")) {
        throw error(path + ".zero_point_shift", "none, it is not read yet", entry);
      }
      JsonNode bits = entry.path("bw");
      if (!bits.isInt() || bits.asInt() < 2 || bits.asInt() > MOST_BITS) {
        throw error(path + ".bw", "2 to " + MOST_BITS + " bits", bits);
      }
      JsonNode symmetric = entry.path("is_sym");
      if (!symmetric.isBoolean()) {
        throw error(path + ".is_sym", "true or false", symmetric);
      }
      List<Double> scales = scales(entry.path("scale"), path + ".scale");
      List<Long> offsets = offsets(entry.path("offset"), path + ".offset");
      if (scales.isEmpty() || scales.size() != offsets.size()) {
        throw new EncodingsFormatException(
            file,
            "%s: expected as many offsets as scales, found %d and %d"
                .formatted(path, offsets.size(), scales.size()));
      }
      return new EncodingsEntry(path, bits.asInt(), symmetric.asBoolean(), scales, offsets);
    }

    private List<Double> scales(JsonNode array, String path) {
      List<Double> scales = new ArrayList<>();
      for (JsonNode scale : array(array, path)) {
        if (!scale.isNumber() || !((float) scale.asDouble() > 0)) {
          throw error(path + "[" + scales.size() + "]", "a number above 0", scale);
        }
        scales.add(scale.asDouble());
      }
      return scales;
    }

    private List<Long> offsets(JsonNode array, String path) {
      List<Long> offsets = new ArrayList<>();
      for (JsonNode offset : array(array, path)) {
        if (!offset.isNumber() || offset.asDouble() != Math.rint(offset.asDouble())) {
          throw error(path + "[" + offsets.size() + "]", "a whole number", offset);
        }
        offsets.add((long) offset.asDouble());
      }
      return offsets;
    }

    private void word(JsonNode entry, String path, String name, List<String> read) {
      JsonNode word = entry.path(name);
      if (!read.contains(word.asText())) {
        throw error(path + "." + name, String.join(" or ", read), word);
      }
    }

    private JsonNode array(JsonNode node, String path) {
      if (!node.isArray()) {
        throw error(path, "a list", node);
      }
      return node;
    }

    private EncodingsFormatException error(String path, String expected, JsonNode found) {
      String text = found.toString();
      return new EncodingsFormatException(
          file,
          (path.isEmpty() ? "" : path + ": ")
              + ("expected " + expected + ", found ")
              + (found.isMissingNode() ? "nothing" : text.substring(0, Math.min(40, text.length())))
              + (text.length() > 40 ? " …" : ""));
    }
  }
}
