package io.qalibre.graph;

import io.qalibre.errors.QalibreException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of an operator, by name. Values are {@code Long}, {@code Float}, {@code String},
 * {@link Tensor}, or a {@code List} of one of the first three.
 *
 * @param values the attributes in the order of the file
 */
public record Attributes(Map<String, Object> values) {
  /** No attributes. */
  public static final Attributes NONE = new Attributes(Map.of());

  /** Copies the attributes, keeping their order. */
  public Attributes {
    values = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** Whether an attribute is given. */
  public boolean has(String name) {
    return values.containsKey(name);
  }

  /** An integer, or {@code otherwise} where it is not given. */
  public long integer(String name, long otherwise) {
    return get(name, Long.class, otherwise);
  }

  /** A truth value stored as an integer, or {@code otherwise} where it is not given. */
  public boolean flag(String name, boolean otherwise) {
    return integer(name, otherwise ? 1 : 0) != 0;
  }

  /** A float, or {@code otherwise} where it is not given. */
  public float number(String name, float otherwise) {
    return get(name, Float.class, otherwise);
  }

  /** A text, or {@code otherwise} where it is not given. */
  public String text(String name, String otherwise) {
    return get(name, String.class, otherwise);
  }

  /** A list of integers, where it is given. */
  @SuppressWarnings("unchecked") // the reader puts only Longs into lists of integers
  public Optional<List<Long>> integers(String name) {
    return Optional.ofNullable((List<Long>) values.get(name));
  }

  /** A tensor, where it is given. */
  public Optional<Tensor> tensor(String name) {
    return Optional.ofNullable((Tensor) values.get(name));
  }

  /** The same with one more attribute, or another value of one. */
  public Attributes with(String name, Object value) {
    Map<String, Object> changed = new LinkedHashMap<>(values);
    changed.put(name, value);
    return new Attributes(changed);
  }

  /** The same without an attribute. */
  public Attributes without(String name) {
    Map<String, Object> changed = new LinkedHashMap<>(values);
    changed.remove(name);
    return new Attributes(changed);
  }

  private <T> T get(String name, Class<T> type, T otherwise) {
    @Nullable Object value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!type.isInstance(value)) {
      throw new QalibreException(
          "attribute `" + name + "`: expected " + type.getSimpleName() + ", found " + value);
    }
    return type.cast(value);
  }
}
