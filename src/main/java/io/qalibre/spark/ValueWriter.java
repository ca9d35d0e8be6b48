package io.qalibre.spark;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorStreams;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes immutable values as bytes that travel between machines: numbers, texts, lists, maps,
 * tensors, graphs, and Qalibre's own records of these. A tensor, a graph or a record that comes
 * again is written once, so that a hundred networks which share their weights take little more than
 * one. A graph's annotations stay behind: nothing computes with them.
 *
 * <p>Nothing else is written, and {@link ValueReader} calls the constructors of Qalibre's records
 * only: what arrives has passed their checks.
 */
final class ValueWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(bytes);
  private final Map<Object, Integer> seen = new IdentityHashMap<>();
  private final Map<String, Integer> texts = new HashMap<>();

  private ValueWriter() {}

  /**
   * Writes a value.
   *
   * @throws QalibreException if it holds something that does not travel, naming its type
   */
  static byte[] write(@Nullable Object value) {
    ValueWriter writer = new ValueWriter();
    try {
      writer.value(value);
    } catch (IOException e) {
      throw new UncheckedIOException("memory takes bytes", e);
    }
    return writer.bytes.toByteArray();
  }

  private void value(@Nullable Object value) throws IOException {
    Tag tag = Tag.of(value);
    Integer place = value instanceof String ? texts.get(value) : seen.get(value);
    if (place != null) {
      out.writeByte(Tag.SEEN.ordinal());
      number(place);
      return;
    }
    out.writeByte(tag.ordinal());
    if (value != null) {
      content(tag, value);
      if (tag.pooled()) {
        int next = seen.size() + texts.size();
        if (value instanceof String text) {
          texts.put(text, next);
        } else {
          seen.put(value, next);
        }
      }
    }
  }

  private void content(Tag tag, Object value) throws IOException {
    switch (tag) {
      case BOOLEAN -> out.writeBoolean((Boolean) value);
      case INTEGER -> number((Integer) value);
      case LONG -> number((Long) value);
      case FLOAT -> out.writeFloat((Float) value);
      case DOUBLE -> out.writeDouble((Double) value);
      case TEXT -> block(((String) value).getBytes(StandardCharsets.UTF_8));
      case BYTES -> block((byte[]) value);
      case INTS -> {
        int[] numbers = (int[]) value;
        number(numbers.length);
        for (int number : numbers) {
          number(number);
        }
      }
      case LONGS -> {
        long[] numbers = (long[]) value;
        number(numbers.length);
        for (long number : numbers) {
          number(number);
        }
      }
      case LIST -> list((List<?>) value);
      case SORTED_MAP, MAP -> map((Map<?, ?>) value);
      case TENSOR -> TensorStreams.write(out, (Tensor) value);
      case GRAPH -> graph((Graph) value);
      case ENUM -> {
        value(((Enum<?>) value).getDeclaringClass().getName());
        value(((Enum<?>) value).name());
      }
      case RECORD -> record((Record) value);
      default ->
          throw new QalibreException(
              "a %s does not travel to the workers of a cluster; of measures, those of Measure do,"
                      .formatted(value.getClass().getName())
                  + " and a metric of your own does not");
    }
  }

  /** Small numbers take few bytes. */
  private void number(long value) throws IOException {
    long rest = (value << 1) ^ (value >> 63);
    while ((rest & ~0x7FL) != 0) {
      out.writeByte((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.writeByte((int) rest);
  }

  private void block(byte[] content) throws IOException {
    number(content.length);
    out.write(content);
  }

  private void list(List<?> values) throws IOException {
    number(values.size());
    for (Object value : values) {
      value(value);
    }
  }

  private void map(Map<?, ?> values) throws IOException {
    number(values.size());
    for (Map.Entry<?, ?> entry : values.entrySet()) {
      value(entry.getKey());
      value(entry.getValue());
    }
  }

  private void graph(Graph graph) throws IOException {
    value(graph.name());
    value(graph.info());
    list(graph.inputs());
    list(graph.outputs());
    list(graph.nodes());
    map(graph.initializers());
  }

  private void record(Record value) throws IOException {
    value(value.getClass().getName());
    for (RecordComponent component : value.getClass().getRecordComponents()) {
      try {
        component.getAccessor().setAccessible(true);
        value(component.getAccessor().invoke(value));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("a record gives its components: " + value.getClass(), e);
      }
    }
  }
}
