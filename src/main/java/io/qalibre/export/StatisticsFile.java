package io.qalibre.export;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.onnx.AtomicFile;
import io.qalibre.graph.onnx.WholeFile;
import io.qalibre.quant.BinGrid;
import io.qalibre.quant.Histogram;
import io.qalibre.quant.Histogram.Batches;
import io.qalibre.quant.Range;
import io.qalibre.quant.Statistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Keeps what quantizers have seen in a JSON file: for each one the range and, where it has one, the
 * histogram with its counts by batch size. All numbers come back exactly as they were.
 */
public final class StatisticsFile {
  private static final String FORMAT = "qalibre-statistics";
  private static final int VERSION = 1;

  /** Far more than a calibration counts in. */
  private static final int MOST_BINS = 1 << 20;

  private static final JsonMapper MAPPER = new JsonMapper();

  private StatisticsFile() {}

  /**
   * Writes a file; it appears whole or not at all.
   *
   * @param statistics what quantizers have seen, by name
   * @throws QalibreException if the file cannot be written
   */
  public static void write(Map<String, Statistics> statistics, Path path) {
    ObjectNode root = MAPPER.createObjectNode().put("format", FORMAT).put("version", VERSION);
    ObjectNode all = root.putObject("statistics");
    statistics.forEach((name, seen) -> write(all.putObject(name), seen));
    try {
      byte[] text = MAPPER.writeValueAsBytes(root);
      AtomicFile.write(path, out -> out.write(text));
    } catch (IOException e) {
      throw new QalibreException("`" + path + "` cannot be written: " + e, e);
    }
  }

  private static void write(ObjectNode node, Statistics seen) {
    node.put("min", seen.range().min()).put("max", seen.range().max());
    Histogram histogram = seen.histogram();
    if (histogram != null) {
      BinGrid grid = histogram.grid();
      ObjectNode bins = node.putObject("histogram");
      bins.put("first", grid.first()).put("width", grid.width()).put("bins", grid.bins());
      ArrayNode batches = bins.putArray("batches");
      histogram
          .batches()
          .forEach(
              (size, one) -> {
                ObjectNode batch = batches.addObject().put("values", size);
                batch.put("number", one.number());
                ArrayNode counts = batch.putArray("counts");
                for (long count : one.counts()) {
                  counts.add(count);
                }
              });
    }
  }

  /**
   * Reads a file.
   *
   * @throws QalibreException if there is none, or it is not one that {@link #write} made, naming
   *     the place
   */
  public static Map<String, Statistics> read(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new QalibreException("expected a statistics file, found none at `" + path + "`");
    }
    try {
      return parse(path.toString(), WholeFile.read(path, WholeFile.MOST_JSON));
    } catch (IOException e) {
      throw new QalibreException("`" + path + "` cannot be read: " + e, e);
    }
  }

  /** Reads the bytes of a file of that name. */
  static Map<String, Statistics> parse(String file, byte[] bytes) {
    try {
      JsonNode root = MAPPER.readTree(bytes);
      if (!root.path("format").asText().equals(FORMAT) || root.path("version").asInt() != VERSION) {
        throw new QalibreException(
            "`%s` at $: expected a file of format `%s`, version %d, found another"
                .formatted(file, FORMAT, VERSION));
      }
      Map<String, Statistics> statistics = new LinkedHashMap<>();
      JsonNode tensors = root.path("statistics");
      if (!tensors.isObject()) {
        throw new QalibreException(
            "`%s` at $.statistics: expected an object, found %s"
                .formatted(file, tensors.getNodeType()));
      }
      for (Map.Entry<String, JsonNode> entry : tensors.properties()) {
        statistics.put(entry.getKey(), seen(file, entry.getKey(), entry.getValue()));
      }
      return statistics;
    } catch (IOException e) {
      throw error(file, "$", "JSON", e);
    }
  }

  private static Statistics seen(String file, String name, JsonNode node) {
    String place = "$.statistics[\"" + name + "\"]";
    try {
      Range range = new Range(number(node, "min"), number(node, "max"));
      JsonNode bins = node.path("histogram");
      return new Statistics(range, bins.isMissingNode() ? null : histogram(bins));
    } catch (IllegalArgumentException e) {
      throw error(file, place, "a range and a histogram", e);
    }
  }

  private static Histogram histogram(JsonNode node) {
    double bins = number(node, "bins");
    if (bins > MOST_BINS) {
      throw new IllegalArgumentException("more than " + MOST_BINS + " bins");
    }
    BinGrid grid = new BinGrid((long) number(node, "first"), number(node, "width"), (int) bins);
    SortedMap<Long, Batches> batches = new TreeMap<>();
    for (JsonNode batch : list(node, "batches")) {
      JsonNode counts = list(batch, "counts");
      long[] numbers = new long[counts.size()];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = counts.get(i).asLong(-1);
      }
      long size = (long) number(batch, "values");
      if (size < 1) {
        throw new IllegalArgumentException("batches of " + size + " values");
      }
      if (batches.put(size, new Batches((long) number(batch, "number"), numbers)) != null) {
        throw new IllegalArgumentException("batches of " + size + " values are listed twice");
      }
    }
    return new Histogram(grid, batches);
  }

  private static JsonNode list(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (!value.isArray()) {
      throw new IllegalArgumentException("`" + field + "` is no list");
    }
    return value;
  }

  private static double number(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (!value.isNumber()) {
      throw new IllegalArgumentException("`" + field + "` is no number");
    }
    return value.doubleValue();
  }

  private static QalibreException error(
      String file, String place, String expected, Exception cause) {
    String found = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    return new QalibreException(
        "`%s` at %s: expected %s, found %s".formatted(file, place, expected, found), cause);
  }
}
