package io.qalibre.engine.trace;

import java.util.LinkedHashMap;
import java.util.Map;

/** Attributes of a node, in the order in which they are written. */
final class AttributeList {
  private AttributeList() {}

  /** Attributes from names and values in turn. */
  static Map<String, Object> of(Object... namesAndValues) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      attributes.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return attributes;
  }
}
