package io.qalibre.export;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Which numbers a file's constants are stored in. */
final class StoredTypes {
  private StoredTypes() {}

  /** The element types by how many elements have them, such as {@code 98.7 % INT8, 1.3 % INT32}. */
  static String of(Graph graph) {
    Map<DataType, Long> elements = new EnumMap<>(DataType.class);
    for (Tensor value : graph.initializers().values()) {
      elements.merge(value.type(), (long) value.size(), Long::sum);
    }
    double all = elements.values().stream().mapToLong(Long::longValue).sum();
    return elements.entrySet().stream()
        .sorted(Map.Entry.<DataType, Long>comparingByValue().reversed())
        .map(entry -> share(entry.getValue() / all) + " " + entry.getKey())
        .collect(Collectors.joining(", "));
  }

  private static String share(double part) {
    double percent = Math.round(1000 * part) / 10.0;
    return percent == 0 ? "< 0.1 %" : percent + " %";
  }
}
