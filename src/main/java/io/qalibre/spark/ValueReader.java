package io.qalibre.spark;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.ModelInfo;
import io.qalibre.graph.Node;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorStreams;
import io.qalibre.graph.ValueInfo;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads what {@link ValueWriter} wrote. */
final class ValueReader {
  private static final String OWN = "io.qalibre.";
  private static final Tag[] TAGS = Tag.values();

  private final DataInputStream in;
  private final List<Object> seen = new ArrayList<>();

  private ValueReader(byte[] bytes) {
    in = new DataInputStream(new ByteArrayInputStream(bytes));
  }

  /**
   * Reads a value.
   *
   * @throws QalibreException if the bytes are not what a writer of this version wrote
   */
  static @Nullable Object read(byte[] bytes) {
    try {
      return new ValueReader(bytes).value();
    } catch (IOException | ReflectiveOperationException | ClassCastException e) {
      throw new QalibreException(
          "driver and workers do not understand each other; they need the same version of Qalibre ("
              + e
              + ")",
          e);
    }
  }

  private @Nullable Object value() throws IOException, ReflectiveOperationException {
    Tag tag = TAGS[in.readByte()];
    if (tag == Tag.NULL) {
      return null;
    }
    if (tag == Tag.SEEN) {
      return seen.get(count());
    }
    Object value = content(tag);
    if (tag.pooled()) {
      seen.add(value);
    }
    return value;
  }

  private Object content(Tag tag) throws IOException, ReflectiveOperationException {
    return switch (tag) {
      case BOOLEAN -> in.readBoolean();
      case INTEGER -> count();
      case LONG -> number();
      case FLOAT -> in.readFloat();
      case DOUBLE -> in.readDouble();
      case TEXT -> new String(block(), StandardCharsets.UTF_8);
      case BYTES -> block();
      case INTS -> Arrays.stream(numbers()).mapToInt(Math::toIntExact).toArray();
      case LONGS -> numbers();
      case LIST -> Collections.unmodifiableList(list());
      case SORTED_MAP -> map(new TreeMap<>());
      case MAP -> map(new LinkedHashMap<>());
      case TENSOR -> TensorStreams.read(in);
      case GRAPH -> graph();
      case ENUM -> constant(text(), text());
      case RECORD -> record(text());
      default -> throw new IOException("no value begins with " + tag);
    };
  }

  private long number() throws IOException {
    long rest = 0;
    int shift = 0;
    byte next;
    do {
      next = in.readByte();
      rest |= (long) (next & 0x7F) << shift;
      shift += 7;
    } while (next < 0 && shift < Long.SIZE);
    return (rest >>> 1) ^ -(rest & 1);
  }

  private int count() throws IOException {
    return Math.toIntExact(number());
  }

  private byte[] block() throws IOException {
    byte[] content = new byte[count()];
    in.readFully(content);
    return content;
  }

  private long[] numbers() throws IOException {
    long[] numbers = new long[count()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = number();
    }
    return numbers;
  }

  private String text() throws IOException, ReflectiveOperationException {
    return (String) Objects.requireNonNull(value());
  }

  private List<Object> list() throws IOException, ReflectiveOperationException {
    int count = count();
    List<Object> list = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      list.add(Objects.requireNonNull(value()));
    }
    return list;
  }

  private Map<Object, Object> map(Map<Object, Object> map)
      throws IOException, ReflectiveOperationException {
    int count = count();
    for (int i = 0; i < count; i++) {
      Object key = Objects.requireNonNull(value());
      map.put(key, Objects.requireNonNull(value()));
    }
    return map;
  }

  private Graph graph() throws IOException, ReflectiveOperationException {
    GraphBuilder builder = new GraphBuilder(text());
    builder.info((ModelInfo) Objects.requireNonNull(value()));
    list().forEach(input -> builder.input((ValueInfo) input));
    list().forEach(output -> builder.output((ValueInfo) output));
    list().forEach(node -> builder.node((Node) node));
    map(new LinkedHashMap<>())
        .forEach((name, tensor) -> builder.initializer((String) name, (Tensor) tensor));
    return builder.build();
  }

  private static Class<?> own(String name) throws IOException, ClassNotFoundException {
    if (!name.startsWith(OWN)) {
      throw new IOException("`" + name + "` is no type of Qalibre");
    }
    return Class.forName(name, true, ValueReader.class.getClassLoader());
  }

  private static Object constant(String type, String name)
      throws IOException, ClassNotFoundException {
    for (Object constant : Objects.requireNonNull(own(type).getEnumConstants())) {
      if (((Enum<?>) constant).name().equals(name)) {
        return constant;
      }
    }
    throw new IOException("`" + type + "` has no constant " + name);
  }

  private Object record(String name) throws IOException, ReflectiveOperationException {
    Class<?> type = own(name);
    RecordComponent[] components = type.getRecordComponents();
    if (components == null) {
      throw new IOException("`" + name + "` is no record");
    }
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    @Nullable Object[] values = new @Nullable Object[components.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = value();
    }
    Constructor<?> constructor = type.getDeclaredConstructor(types);
    constructor.setAccessible(true);
    return constructor.newInstance(values);
  }
}
