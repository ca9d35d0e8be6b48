package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.TensorEncoding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
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
    return read(path.toString(), EncodingsFile.read(path), placed, fit);
  }

  /** Reads what stands in a file of that name. */
  static Simulation read(String name, EncodingsFile file, Graph placed, EncodingsFit fit) {
    EncodingsReader reader = new EncodingsReader(placed, fit, file);
    Simulation read = reader.match();
    if (!reader.problems.isEmpty()) {
      int more = reader.problems.size() - SHOWN;
      throw new EncodingsFormatException(
          name,
          "does not go with the quantizers of "
              + placed.name()
              + ":\n  "
              + String.join("\n  ", reader.problems.stream().limit(SHOWN).toList())
              + (more > 0 ? "\n  … and " + more + " more" : ""));
    }
    return read;
  }

  private Simulation match() {
    Simulation simulation = new Simulation(changed(graph, this::match), encodings);
    if (fit == EncodingsFit.RECONFIGURE) {
      LeftOvers leftOvers = new LeftOvers(file, simulation);
      Graph enabled = changed(simulation.graph(), node -> enable(node, leftOvers));
      simulation = new Simulation(enabled, encodings);
    }
    problems.addAll(new LeftOvers(file, simulation).problems(taken));
    return simulation;
  }

  private static Graph changed(Graph graph, UnaryOperator<QuantizerNode> change) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : graph.nodes()) {
      nodes.add(node instanceof QuantizerNode quantizer ? change.apply(quantizer) : node);
    }
    return nodes.equals(graph.nodes()) ? graph : graph.toBuilder().nodes(nodes).build();
  }

  private @Nullable EncodingsEntry entry(QuantizerNode node) {
    return (node.parameter() ? file.parameters() : file.activations()).get(node.tensor());
  }

  /** An enabled quantizer as it is after reading. */
  private QuantizerNode match(QuantizerNode node) {
    if (!node.enabled()) {
      return node;
    }
    EncodingsEntry entry = entry(node);
    if (entry == null) {
      return withoutEntry(node);
    }
    return fit == EncodingsFit.RECONFIGURE ? fitted(node, entry) : put(node, entry);
  }

  /** Switches a quantizer on that has an entry which does not follow from others. */
  private QuantizerNode enable(QuantizerNode node, LeftOvers leftOvers) {
    EncodingsEntry entry = node.enabled() ? null : entry(node);
    return entry == null || leftOvers.follows(node.tensor(), entry) ? node : fitted(node, entry);
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
    if (spec == null) {
      taken.add(entry.path());
      problems.add(
          "`%s` (%s): no quantizer of the tensor is like it: %s, but it is of %s"
              .formatted(
                  node.tensor(),
                  entry.path(),
                  entry.division().label(),
                  Arrays.toString(EntryMatcher.sizes(graph, node))));
      return node;
    }
    return put(with(node, spec, true), entry);
  }

  private static QuantizerNode with(QuantizerNode node, QuantizerSpec spec, boolean enabled) {
    boolean same = node.spec().equals(spec) && node.enabled() == enabled;
    return same ? node : node.withSpec(spec).switched(enabled, RULE);
  }

  private QuantizerNode put(QuantizerNode node, EncodingsEntry entry) {
    taken.add(entry.path());
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
