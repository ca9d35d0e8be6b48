package io.qalibre.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Writes encodings as AIMET's JSON, version 1.0.0: names in alphabetical order, as AIMET writes
 * them, a list of entries for activations and one for parameters in the order of execution, and
 * offsets in the unsigned view. Disabled quantizers are absent.
 */
final class EncodingsWriter {
  static final String VERSION = "1.0.0";

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private EncodingsWriter() {}

  /**
   * The file's text.
   *
   * @throws io.qalibre.errors.UnknownNameException if an enabled quantizer has no encoding
   */
  static String write(Simulation simulation) {
    List<QuantizerNode> enabled =
        simulation.graph().quantizers().stream().filter(QuantizerNode::enabled).toList();
    ObjectNode root = JSON.objectNode();
    root.set("activation_encodings", entries(simulation, enabled, false));
    root.set("param_encodings", entries(simulation, enabled, true));
    root.putObject("producer").put("package", "qalibre").put("version", Version.current());
    root.set("quantizer_args", arguments(enabled));
    root.put("version", VERSION);
    return text(root);
  }

  private static ArrayNode entries(
      Simulation simulation, List<QuantizerNode> quantizers, boolean parameters) {
    ArrayNode entries = JSON.arrayNode();
    Set<String> written = new HashSet<>();
    for (QuantizerNode node : quantizers) {
      if (node.parameter() == parameters && written.add(node.tensor())) {
        entries.add(entry(node.tensor(), simulation.encoding(node.id())));
      }
    }
    return entries;
  }

  private static ObjectNode entry(String tensor, TensorEncoding encoding) {
    ObjectNode entry = JSON.objectNode();
    entry.put("bw", encoding.bitwidth());
    entry.put("dtype", "INT");
    entry.put("enc_type", encoding.perChannel() ? "PER_CHANNEL" : "PER_TENSOR");
    entry.put("is_sym", encoding.first().symmetric());
    entry.put("name", tensor);
    ArrayNode offsets = entry.putArray("offset");
    ArrayNode scales = entry.putArray("scale");
    for (Encoding channel : encoding.grids()) {
      offsets.add((double) channel.offset());
      scales.add(channel.scale());
    }
    return entry;
  }

  /** What most quantizers are, as far as one word says it: that of the first of each kind. */
  private static ObjectNode arguments(List<QuantizerNode> enabled) {
    ObjectNode arguments = JSON.objectNode();
    first(enabled, false)
        .ifPresent(node -> arguments.put("activation_bitwidth", node.spec().bitwidth()));
    if (!enabled.isEmpty()) {
      arguments.put("dtype", "int");
    }
    first(enabled, true)
        .ifPresent(
            node ->
                arguments
                    .put("is_symmetric", node.spec().symmetry().symmetric())
                    .put("param_bitwidth", node.spec().bitwidth())
                    .put("per_channel_quantization", node.spec().perChannel()));
    first(enabled, false)
        .or(() -> first(enabled, true))
        .ifPresent(node -> arguments.put("quant_scheme", node.spec().scheme().label()));
    return arguments;
  }

  private static Optional<QuantizerNode> first(List<QuantizerNode> enabled, boolean parameter) {
    return enabled.stream().filter(node -> node.parameter() == parameter).findFirst();
  }

  private static String text(ObjectNode root) {
    DefaultIndenter indenter = new DefaultIndenter("    ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
            Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER));
    printer.indentArraysWith(indenter);
    printer.indentObjectsWith(indenter);
    try {
      return new ObjectMapper().writer(printer).writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of numbers and texts is JSON", e);
    }
  }
}
