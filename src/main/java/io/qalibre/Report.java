package io.qalibre;

import ai.djl.engine.Engine;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.onnx.AtomicFile;
import io.qalibre.view.Charts;
import io.qalibre.view.HtmlReport;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tech.tablesaw.api.Table;

/** The story of a quantization on one page: {@link QuantizedNetwork#report}. */
record Report(QuantizationSimModel sim, QuantizedNetwork quantized, List<Step> steps) {
  /** Histograms shown: those of the activations of which most is clipped. */
  private static final int HISTOGRAMS = 6;

  Path write(Path file, List<Viewable> findings) {
    String html = html(findings);
    try {
      AtomicFile.write(file, out -> out.write(html.getBytes(StandardCharsets.UTF_8)));
      return file;
    } catch (IOException e) {
      throw new QalibreException("cannot write the report " + file + ": " + e.getMessage(), e);
    }
  }

  private String html(List<Viewable> findings) {
    HtmlReport page = new HtmlReport("Quantization of " + sim.graph().name());
    page.section("Network").text(sim.network().toString()).table(sim.network().summary());
    page.section("Steps").table(quantized.steps());
    for (Step step : steps) {
      if (step.details() != null) {
        page.part(step.verb() + ": " + step.result()).value(step.details());
      }
    }
    page.section("Quantizers").text(placed()).table(sim.quantizers());
    page.section("Encodings").table(quantized.encodings());
    histograms(page);
    for (Viewable finding : findings) {
      String caption = finding.table().name();
      page.section(caption == null ? "Finding" : caption).value(finding);
    }
    return page.section("Versions").table(versions()).html();
  }

  private String placed() {
    List<QuantizerNode> all = sim.graph().quantizers();
    long enabled = all.stream().filter(QuantizerNode::enabled).count();
    return enabled + " of " + all.size() + " quantizers are enabled; the last column says why.";
  }

  private void histograms(HtmlReport page) {
    List<TensorHistogram> worst =
        quantized.histograms().stream()
            .sorted(Comparator.comparingDouble(TensorHistogram::clipped).reversed())
            .limit(HISTOGRAMS)
            .toList();
    if (!worst.isEmpty()) {
      page.chart(
          Charts.grid(
              "The activations of which most is clipped",
              2,
              worst.stream().map(TensorHistogram::chart).toList()));
    }
  }

  private static Table versions() {
    Map<String, String> found = new LinkedHashMap<>();
    found.put("Qalibre", ownVersion());
    found.put("Java", System.getProperty("java.version"));
    found.put("DJL", Engine.getDjlVersion());
    found.put("PyTorch", Engine.getEngine("PyTorch").getVersion());
    found.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    return Tables.titled("Versions")
        .text("what", List.copyOf(found.keySet()))
        .text("version", List.copyOf(found.values()))
        .build();
  }

  /** Of the jar that this class comes from; classes outside of one have no version. */
  private static String ownVersion() {
    String version = Report.class.getPackage().getImplementationVersion();
    return Objects.requireNonNullElse(version, "unpacked classes");
  }
}
