package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.TensorEncoding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the encodings of a graph's quantizers from AIMET's JSON, version 1.0.0. Nothing is guessed:
 * the file has to name every enabled quantizer and nothing else, with the bits, the symmetry and
 * the channels that the quantizer has. Only entries of constants that operators need as they are,
 * such as the bounds of a Clip, which AIMET lists, are passed over.
 */
public final class EncodingsReader {
  private static final int SHOWN = 8;

  private final Map<String, TensorEncoding> encodings = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final Graph graph;

  private EncodingsReader(Graph graph) {
    this.graph = graph;
  }

  /**
   * Reads a file.
   *
   * @param path a file of version 1.0.0, such as {@link Exporter} or AIMET writes
   * @param placed a graph with quantizers
   * @return the encoding of each enabled quantizer, by {@link QuantizerNode#id()}
   * @throws EncodingsFormatException if the file is not of that version, naming the JSON path; or
   *     does not go with the quantizers, naming those that are missing, left over or different
   */
  public static Map<String, TensorEncoding> read(Path path, Graph placed) {
    EncodingsReader reader = new EncodingsReader(placed);
    reader.match(EncodingsFile.read(path));
    if (!reader.problems.isEmpty()) {
      int more = reader.problems.size() - SHOWN;
      throw new EncodingsFormatException(
          path.toString(),
          "does not go with the quantizers of "
              + placed.name()
              + ":\n  "
              + String.join("\n  ", reader.problems.stream().limit(SHOWN).toList())
              + (more > 0 ? "\n  … and " + more + " more" : ""));
    }
    return reader.encodings;
  }

  private void match(EncodingsFile file) {
    Map<String, EncodingsEntry> activations = new LinkedHashMap<>(file.activations());
    Map<String, EncodingsEntry> parameters = new LinkedHashMap<>(file.parameters());
    for (QuantizerNode node : graph.quantizers()) {
      if (node.enabled()) {
        Map<String, EncodingsEntry> entries =
            node.parameter() ? file.parameters() : file.activations();
        match(node, entries.get(node.tensor()));
        (node.parameter() ? parameters : activations).remove(node.tensor());
      }
    }
    activations.forEach(this::leftOver);
    parameters.forEach(this::leftOver);
  }

  private void leftOver(String tensor, EncodingsEntry entry) {
    List<QuantizerNode> own =
        graph.quantizers().stream().filter(q -> q.tensor().equals(tensor)).toList();
    if (own.isEmpty() && graph.isInitializer(tensor) && entry.scales().size() == 1) {
      return;
    }
    problems.add(
        "left over: `%s` (%s) has %s"
            .formatted(
                tensor,
                entry.path(),
                own.stream().anyMatch(q -> !q.enabled())
                    ? "a quantizer that is disabled"
                    : "no quantizer of that kind"));
  }

  private void match(QuantizerNode node, @Nullable EncodingsEntry entry) {
    String tensor = "`" + node.tensor() + "`";
    if (entry == null) {
      problems.add(
          "missing: %s among the %s"
              .formatted(tensor, node.parameter() ? "param_encodings" : "activation_encodings"));
      return;
    }
    String where = tensor + " (" + entry.path() + "): ";
    int before = problems.size();
    require(where + "bitwidth", node.spec().bitwidth(), entry.bitwidth());
    require(where + "symmetric", node.spec().symmetry().symmetric(), entry.symmetric());
    require(where + "number of channels", channels(node), entry.scales().size());
    if (problems.size() == before) {
      put(node, entry, where);
    }
  }

  private void put(QuantizerNode node, EncodingsEntry entry, String where) {
    try {
      TensorEncoding encoding = entry.encoding(node);
      TensorEncoding shared = encodings.putIfAbsent(node.id(), encoding);
      if (shared != null) {
        require(where + "encoding shared under `" + node.id() + "`", shared, encoding);
      }
    } catch (IllegalArgumentException e) {
      problems.add(where + e.getMessage());
    }
  }

  private void require(String what, Object expected, Object found) {
    if (!expected.equals(found)) {
      problems.add(what + ": expected " + expected + ", found " + found);
    }
  }

  private int channels(QuantizerNode node) {
    Tensor constant = graph.initializers().get(node.input());
    return node.spec().perChannel() && constant != null
        ? (int) constant.sizes()[node.spec().axis()]
        : 1;
  }
}
