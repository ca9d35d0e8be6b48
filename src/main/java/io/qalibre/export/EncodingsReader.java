package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.TensorEncoding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the encodings of a graph's quantizers from AIMET's JSON, of versions 0.6.1, 1.0.0 and
 * 2.0.0. Nothing is guessed: unless asked otherwise ({@link EncodingsFit}), the file has to name
 * every enabled quantizer and nothing else, with the type, the symmetry and the channels or blocks
 * that the quantizer has. The int32 encodings of biases and those of data-movement operators, which
 * belong to no quantizer, have to be what follows from the others.
 */
public final class EncodingsReader {
  private static final int SHOWN = 8;
  private static final String RULE = "encodings file";

  private final Graph graph;
  private final EncodingsFit fit;
  private final EncodingsFile file;
  private final EntryMatcher matcher;
  private final Map<String, TensorEncoding> encodings = new LinkedHashMap<>();
  private final Set<String> taken = new HashSet<>();
  private final List<String> problems = new ArrayList<>();

  private EncodingsReader(Graph graph, EncodingsFit fit, EncodingsFile file) {
    this.graph = graph;
    this.fit = fit;
    this.file = file;
    matcher = new EntryMatcher(graph, file.version());
  }

  /**
   * Reads a file that has to fit; see {@link #read(Path, Graph, EncodingsFit)}.
   *
   * @param path a file such as {@link Exporter} or AIMET writes
   * @param placed a graph with quantizers
   */
  public static Simulation read(Path path, Graph placed) {
    return read(path, placed, EncodingsFit.STRICT);
  }

  /**
   * Reads a file.
   *
   * @param path a file such as {@link Exporter} or AIMET writes, of any version
   * @param placed a graph with quantizers
   * @param fit what happens where the two differ
   * @return the graph, with quantizers changed as {@code fit} allows, and the encoding of each
   *     enabled quantizer
   * @throws EncodingsFormatException if the file is of no known version or malformed, naming the
   *     JSON path; or does not go with the quantizers, naming those that are missing, left over or
   *     different
   */
  public static Simulation read(Path path, Graph placed, EncodingsFit fit) {
    EncodingsReader reader = new EncodingsReader(placed, fit, EncodingsFile.read(path));
    Simulation read = reader.match();
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
    return read;
  }

  private Simulation match() {
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      nodes.add(node instanceof QuantizerNode quantizer ? match(quantizer) : node);
    }
    Graph changed = nodes.equals(graph.nodes()) ? graph : graph.toBuilder().nodes(nodes).build();
    Simulation simulation = new Simulation(changed, encodings);
    problems.addAll(new LeftOvers(file, simulation).problems(taken));
    return simulation;
  }

  /** The quantizer as it is after reading. */
  private QuantizerNode match(QuantizerNode node) {
    Map<String, EncodingsEntry> entries = node.parameter() ? file.parameters() : file.activations();
    EncodingsEntry entry = entries.get(node.tensor());
    boolean reconfigured = fit == EncodingsFit.RECONFIGURE;
    if (entry == null) {
      return node.enabled() ? withoutEntry(node) : node;
    }
    if (!node.enabled() && (!reconfigured || isIntegerBias(node, entry))) {
      return node;
    }
    taken.add(entry.path());
    return put(reconfigured ? fitted(node, entry) : node, entry);
  }

  /** AIMET leaves biases of 32 bits in float, and so their quantizers off. */
  private static boolean isIntegerBias(QuantizerNode node, EncodingsEntry entry) {
    return BiasPlan.isBias(node) && entry.format().bitwidth() == ItemEntryParser.MOST_BITS;
  }

  private QuantizerNode withoutEntry(QuantizerNode node) {
    if (node.spec().format().floating() && file.version() == EncodingsVersion.V2_0_0) {
      return node;
    }
    if (fit != EncodingsFit.STRICT) {
      return with(node, node.spec(), false);
    }
    problems.add(
        "missing: `%s` among the %s"
            .formatted(
                node.tensor(),
                file.version() == EncodingsVersion.V2_0_0
                    ? "encodings"
                    : node.parameter() ? "param_encodings" : "activation_encodings"));
    return node;
  }

  private QuantizerNode fitted(QuantizerNode node, EncodingsEntry entry) {
    @Nullable QuantizerSpec spec = new EntryFitter(graph).fitted(node, entry).orElse(null);
    return spec == null ? node : with(node, spec, true);
  }

  private static QuantizerNode with(QuantizerNode node, QuantizerSpec spec, boolean enabled) {
    boolean same = node.spec().equals(spec) && node.enabled() == enabled;
    return same
        ? node
        : new QuantizerNode(
            node.id(),
            node.tensor(),
            node.input(),
            node.output(),
            spec,
            node.placement().enabled(enabled, RULE));
  }

  private QuantizerNode put(QuantizerNode node, EncodingsEntry entry) {
    String where = "`" + node.tensor() + "` (" + entry.path() + "): ";
    List<String> differences = matcher.differences(node, entry);
    differences.forEach(difference -> problems.add(where + difference));
    QuantizerSpec spec = node.spec();
    if (differences.isEmpty() && !spec.format().floating()) {
      try {
        long[] sizes = EntryMatcher.sizes(graph, node);
        TensorEncoding encoding =
            new EntryDecoder(file.version())
                .decode(entry, spec.granularity(), sizes, spec.symmetry());
        TensorEncoding shared = encodings.putIfAbsent(node.id(), encoding);
        if (shared != null && !shared.equals(encoding)) {
          problems.add(
              where
                  + "expected the encoding that it shares under `"
                  + node.id()
                  + "`, "
                  + shared.first()
                  + ", found "
                  + encoding.first());
        }
      } catch (IllegalArgumentException e) {
        problems.add(where + e.getMessage());
      }
    }
    return node;
  }
}
