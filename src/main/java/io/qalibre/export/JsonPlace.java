package io.qalibre.export;

import com.fasterxml.jackson.databind.JsonNode;
import io.qalibre.errors.NearNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A place in an encodings file. Its getters check what is there, so that an error names the JSON
 * path.
 *
 * @param file the file's name
 * @param path the JSON path, empty at the root
 * @param node what is there
 */
record JsonPlace(String file, String path, JsonNode node) {
  private static final int SHOWN = 40;

  /** The field of an object; what is not there is found missing when it is read. */
  JsonPlace get(String field) {
    String step =
        field.matches("[A-Za-z_]\\w*")
            ? (path.isEmpty() ? "" : ".") + field
            : "[\"" + field + "\"]";
    return new JsonPlace(file, path + step, node.path(field));
  }

  /** The field of an object, where it has it. */
  Optional<JsonPlace> find(String field) {
    return node.has(field) ? Optional.of(get(field)) : Optional.empty();
  }

  /** The elements of a list. */
  List<JsonPlace> elements() {
    if (!node.isArray()) {
      throw error("a list");
    }
    List<JsonPlace> elements = new ArrayList<>(node.size());
    for (int i = 0; i < node.size(); i++) {
      elements.add(new JsonPlace(file, path + "[" + i + "]", node.get(i)));
    }
    return elements;
  }

  /** What a parser makes of the elements of a list, by their {@code name}. */
  <T> Map<String, T> byName(Function<JsonPlace, T> parser) {
    Map<String, T> found = new LinkedHashMap<>();
    for (JsonPlace place : elements()) {
      JsonPlace name = place.get("name");
      if (found.put(name.text("a tensor's name"), parser.apply(place)) != null) {
        throw name.error("a tensor not listed before");
      }
    }
    return found;
  }

  /** The names of an object's fields. */
  List<String> fields() {
    if (!node.isObject()) {
      throw error("an object");
    }
    List<String> fields = new ArrayList<>();
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      fields.add(names.next());
    }
    return fields;
  }

  /** Refuses fields that an object should not have, with the near names of those it may. */
  void requireFields(Collection<String> known) {
    for (String field : fields()) {
      if (!known.contains(field)) {
        throw new EncodingsFormatException(
            file,
            (path.isEmpty() ? "" : path + ": ")
                + "unknown key `"
                + field.substring(0, Math.min(SHOWN, field.length()))
                + "`"
                + NearNames.hint(field, known));
      }
    }
  }

  /** A text. */
  String text(String expected) {
    if (!node.isTextual()) {
      throw error(expected);
    }
    return node.textValue();
  }

  /** One of some texts. */
  String word(List<String> words) {
    if (!node.isTextual() || !words.contains(node.textValue())) {
      throw error(String.join(" or ", words));
    }
    return node.textValue();
  }

  boolean truth() {
    if (!node.isBoolean()) {
      throw error("true or false");
    }
    return node.booleanValue();
  }

  /** An integer from {@code least} to {@code most}. */
  int integer(int least, int most, String what) {
    if (!node.isInt() || node.intValue() < least || node.intValue() > most) {
      throw error(least + " to " + most + " " + what);
    }
    return node.intValue();
  }

  /** A number above zero that float32 holds. */
  double positive() {
    double value = node.isNumber() ? node.doubleValue() : 0;
    if (!((float) value > 0) || Float.isInfinite((float) value)) {
      throw error("a number above 0");
    }
    return value;
  }

  /** A whole number of a few more than 32 bits, which may be written as a float. */
  long whole() {
    double value = node.isNumber() ? node.doubleValue() : Double.NaN;
    if (value != Math.rint(value) || !(Math.abs(value) <= 0x1p33)) {
      throw error("a whole number");
    }
    return (long) value;
  }

  EncodingsFormatException error(String expected) {
    String text = node.toString();
    return new EncodingsFormatException(
        file,
        (path.isEmpty() ? "" : path + ": ")
            + ("expected " + expected + ", found ")
            + (node.isMissingNode() ? "nothing" : text.substring(0, Math.min(SHOWN, text.length())))
            + (text.length() > SHOWN ? " …" : ""));
  }
}
