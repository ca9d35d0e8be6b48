package io.qalibre.spark;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** What follows in a stream of values; the numbers are those of the constants' order. */
enum Tag {
  NULL,
  SEEN,
  BOOLEAN,
  INTEGER,
  LONG,
  FLOAT,
  DOUBLE,
  TEXT,
  BYTES,
  INTS,
  LONGS,
  LIST,
  SORTED_MAP,
  MAP,
  TENSOR,
  GRAPH,
  ENUM,
  RECORD,
  /** Nothing that is written. */
  OTHER;

  /** Kinds of values that are written once, and referred to when they come again. */
  boolean pooled() {
    return this == TEXT || this == TENSOR || this == GRAPH || this == RECORD;
  }

  static Tag of(@Nullable Object value) {
    if (value == null) {
      return NULL;
    }
    if (value instanceof Number || value instanceof Boolean || value instanceof String) {
      return scalar(value);
    }
    if (value.getClass().isArray()) {
      return array(value);
    }
    if (value instanceof List<?>) {
      return LIST;
    }
    if (value instanceof Map<?, ?>) {
      return value instanceof SortedMap<?, ?> ? SORTED_MAP : MAP;
    }
    return object(value);
  }

  private static Tag scalar(Object value) {
    if (value instanceof String) {
      return TEXT;
    }
    if (value instanceof Boolean) {
      return BOOLEAN;
    }
    if (value instanceof Integer) {
      return INTEGER;
    }
    if (value instanceof Long) {
      return LONG;
    }
    return value instanceof Float ? FLOAT : value instanceof Double ? DOUBLE : OTHER;
  }

  private static Tag array(Object value) {
    if (value instanceof byte[]) {
      return BYTES;
    }
    return value instanceof int[] ? INTS : value instanceof long[] ? LONGS : OTHER;
  }

  private static Tag object(Object value) {
    if (value instanceof Tensor) {
      return TENSOR;
    }
    if (value instanceof Graph) {
      return GRAPH;
    }
    if (value instanceof Enum<?>) {
      return ENUM;
    }
    return value instanceof Record ? RECORD : OTHER;
  }
}
