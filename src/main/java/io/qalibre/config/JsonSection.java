package io.qalibre.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.qalibre.errors.NearNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A value of a JSON file together with the place it stands at, so that every error names it.
 *
 * @param file the file's name
 * @param path the JSON path, {@code $} for the whole
 * @param node the value
 */
record JsonSection(String file, String path, JsonNode node) {
  private static final int SHOWN = 60;
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * Parses a file.
   *
   * @throws ConfigException if it is empty or not JSON
   */
  static JsonSection parse(String file, String json) {
    if (json.isBlank()) {
      throw new ConfigException(file, "$", "expected a JSON object, found an empty file");
    }
    try {
      return new JsonSection(file, "$", MAPPER.readTree(json));
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null
              ? ""
              : " (line %d, column %d)"
                  .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
      throw new ConfigException(file, "$", "not JSON: " + e.getOriginalMessage() + where, e);
    }
  }

  /**
   * The same, checked to be an object that holds no other keys than these.
   *
   * @throws ConfigException if it is not, with the nearest key
   */
  JsonSection withOnly(List<String> keys) {
    for (String key : entries().keySet()) {
      if (!keys.contains(key)) {
        throw new ConfigException(
            file, path + "." + key, "unknown key `" + key + "`" + NearNames.hint(key, keys));
      }
    }
    return this;
  }

  /** The value under a key, where there is one. */
  Optional<JsonSection> get(String key) {
    JsonNode child = node.get(key);
    return child == null
        ? Optional.empty()
        : Optional.of(new JsonSection(file, path + "." + key, child));
  }

  /** The value under a key that must be there. */
  JsonSection require(String key) {
    return get(key)
        .orElseThrow(
            () -> {
              List<String> found = new ArrayList<>(entries().keySet());
              return new ConfigException(
                  file,
                  path + "." + key,
                  "expected the key `" + key + "`, found " + (found.isEmpty() ? "none" : found));
            });
  }

  /** The values of an object by key, in the order of the file. */
  Map<String, JsonSection> entries() {
    if (!node.isObject()) {
      throw expected("an object {…}");
    }
    Map<String, JsonSection> entries = new LinkedHashMap<>();
    node.fieldNames().forEachRemaining(key -> entries.put(key, require(key)));
    return entries;
  }

  /** The values of a list. */
  List<JsonSection> items() {
    if (!node.isArray()) {
      throw expected("a list […]");
    }
    List<JsonSection> items = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      items.add(new JsonSection(file, path + "[" + i + "]", node.get(i)));
    }
    return items;
  }

  /** The truth value under a key, or null where there is none. */
  @Nullable Boolean flag(String key) {
    return get(key).map(JsonSection::flag).orElse(null);
  }

  /** The truth value under a key, or false where there is none. */
  boolean flagOrFalse(String key) {
    return Boolean.TRUE.equals(flag(key));
  }

  /** Like {@link #flag(String)}, where the file format has no "False". */
  @Nullable Boolean onlyTrue(String key) {
    Boolean value = flag(key);
    if (Boolean.FALSE.equals(value)) {
      throw require(key).expected("\"True\", or the key left out");
    }
    return value;
  }

  private boolean flag() {
    if (node.isTextual() && node.textValue().equals("True")) {
      return true;
    }
    if (node.isTextual() && node.textValue().equals("False")) {
      return false;
    }
    throw expected("the text \"True\" or \"False\"");
  }

  /** A text. */
  String text() {
    if (!node.isTextual() || node.textValue().isBlank()) {
      throw expected("a text");
    }
    return node.textValue();
  }

  /** A text that is one of a few. */
  String oneOf(List<String> known) {
    String text = text();
    if (!known.contains(text)) {
      throw new ConfigException(
          file,
          path,
          "expected one of " + known + ", found `" + text + "`" + NearNames.hint(text, known));
    }
    return text;
  }

  /** A finite number. */
  double number() {
    if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
      throw expected("a number");
    }
    return node.doubleValue();
  }

  /** An error at this place. */
  ConfigException expected(String what) {
    String found = node.toString();
    return new ConfigException(
        file,
        path,
        "expected "
            + what
            + ", found "
            + (found.length() > SHOWN ? found.substring(0, SHOWN) + "…" : found));
  }
}
