package io.qalibre.export;

import io.qalibre.graph.Simulation;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes encodings as AIMET's JSON, to the letter: names in alphabetical order, entries in AIMET's
 * order, floats as Python writes them. Disabled quantizers are absent.
 */
final class EncodingsWriter {
  private EncodingsWriter() {}

  /**
   * The file's text.
   *
   * @throws io.qalibre.errors.UnknownNameException if an enabled quantizer has no encoding
   * @throws io.qalibre.errors.QalibreException if the version cannot hold an encoding
   */
  static String write(Simulation simulation, ExportOptions options) {
    EncodingsItems items = new EncodingsItems(simulation, options.writesIntegerBias());
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("producer", Map.of("package", "qalibre", "version", Version.current()));
    root.put("version", options.encodings().label());
    switch (options.encodings()) {
      case V0_6_1 -> {
        root.put("activation_encodings", byName(items.activations()));
        root.put("param_encodings", byName(items.parameters()));
        root.put("quantizer_args", QuantizerArguments.of(simulation.graph()));
      }
      case V1_0_0 -> {
        root.put("activation_encodings", list(items.activations()));
        root.put("param_encodings", list(items.parameters()));
        root.put("quantizer_args", QuantizerArguments.of(simulation.graph()));
      }
      case V2_0_0 -> root.put("encodings", linear(items, options.activationCodes()));
    }
    return PythonJson.text(root);
  }

  private static Map<String, Object> byName(Collection<EncodingsItem> items) {
    Map<String, Object> entries = new LinkedHashMap<>();
    items.forEach(item -> entries.put(item.tensor(), ItemEntries.list(item)));
    return entries;
  }

  private static List<Object> list(Collection<EncodingsItem> items) {
    return new ArrayList<>(items.stream().map(ItemEntries::object).toList());
  }

  private static List<Object> linear(EncodingsItems items, ActivationCodes codes) {
    LinearEntries entries = new LinearEntries(codes);
    List<EncodingsItem> all = new ArrayList<>(items.all());
    all.addAll(items.derived(codes));
    List<Object> written = new ArrayList<>();
    for (EncodingsItem item : all) {
      TensorEncoding encoding = item.encoding();
      if (encoding != null) {
        written.add(entries.entry(item, encoding));
      }
    }
    return written;
  }
}
