package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.qalibre.export.FloatGraph;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.Rounding;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Builds every simulation that AIMET's golden files are of, and compares it with them. */
class QuantizationSimModel_golden_Test {
  private static final double SCALE = 1e-5;
  private static final List<String> ROWS = new ArrayList<>();
  private static final Map<String, Network> NETWORKS = new LinkedHashMap<>();

  @BeforeAll
  static void title() {
    ROWS.add(
        String.format(
            "%-36s %9s %11s %13s %9s %9s %9s %7s",
            "golden file",
            "enabled",
            "activations",
            "weight grids",
            "worst",
            "others",
            "SQNR dB",
            "top-1"));
  }

  @AfterAll
  static void report() {
    ROWS.forEach(System.out::println);
  }

  @ParameterizedTest
  @CsvSource({
    "tiny, pt.min_max, ",
    "tiny, pt.tf_enhanced, ",
    "tiny, pt.percentile, ",
    "tiny, pc.min_max, ",
    "tiny, pc.tf_enhanced, ",
    "tiny, pc.percentile, ",
    "tiny, pc.min_max, w4a8",
    "tiny, pc.min_max, w8a16",
    "tiny, htp_v73.min_max, ",
    "tiny, htp_v81.min_max, ",
    "tiny, cle.pt.min_max, ",
    "mobilenet_v2, pt.min_max, ",
    "mobilenet_v2, pt.tf_enhanced, ",
    "mobilenet_v2, pt.percentile, ",
    "mobilenet_v2, pc.min_max, ",
    "mobilenet_v2, pc.tf_enhanced, ",
    "mobilenet_v2, pc.percentile, ",
    "mobilenet_v2, pc.min_max, w4a8",
    "mobilenet_v2, pc.min_max, w8a16",
    "mobilenet_v2, htp_v73.min_max, ",
    "mobilenet_v2, htp_v81.min_max, ",
    "mobilenet_v2, cle.pt.min_max, ",
    "resnet50, pt.min_max, ",
    "resnet50, pt.tf_enhanced, ",
    "resnet50, pt.percentile, ",
    "resnet50, pc.min_max, ",
    "resnet50, pc.tf_enhanced, ",
    "resnet50, pc.percentile, "
  })
  void a_simulation_is_aimets(String model, String tag, String bits, @TempDir Path folder)
      throws IOException {
    String name = model + "." + tag + (bits == null ? "" : "." + bits);
    JsonNode golden = Golden.json(name + ".v1.0.0.encodings");
    String size = model.equals("tiny") ? "16" : "64";
    Tensor calibration = Golden.prepared("calib_" + size + "_u8.npy");
    Tensor test = Golden.prepared("test_" + size + "_u8.npy");

    QuantizationSimModel sim =
        network(model, tag).simulate(config(tag, bits).withRounding(Rounding.HALF_AWAY));
    QuantizedNetwork found = sim.computeEncodings(Labelled.of(calibration).batch(8));

    Row row = new Row(name, found);
    row.compare(golden.get("activation_encodings"), false);
    row.compare(golden.get("param_encodings"), true);
    Tensor aimet = Golden.array(name + ".out.npy");
    if (row.allEqual()) {
      row.outputs(aimet, found.run(Map.of("input", test)).get("output"));
    } else {
      // A grid that differs is counted above: the outputs are compared on equal grids.
      Path file = folder.resolve("golden.encodings");
      Files.writeString(file, golden.toString());
      QuantizedNetwork loaded = sim.loadEncodings(file);
      row.outputs(aimet, loaded.run(Map.of("input", test)).get("output"));
    }
    row.check(tag);
  }

  /** Its weights' scales come from AIMET's sequential MSE, so they are read from its file. */
  @Test
  void a_simulation_with_loaded_encodings_is_aimets(@TempDir Path folder) throws IOException {
    String name = "tiny.pc.seqmse.w4a8";
    JsonNode golden = Golden.json(name + ".v1.0.0.encodings");
    Path file = folder.resolve("golden.encodings");
    Files.writeString(file, golden.toString());

    QuantizedNetwork loaded =
        network("tiny", "pc")
            .simulate(config("pc.min_max", "w4a8").withRounding(Rounding.HALF_AWAY))
            .loadEncodings(file);

    Row row = new Row(name, loaded);
    row.compare(golden.get("activation_encodings"), false);
    row.compare(golden.get("param_encodings"), true);
    Tensor test = Golden.prepared("test_16_u8.npy");
    row.outputs(Golden.array(name + ".out.npy"), loaded.run(Map.of("input", test)).get("output"));
    row.check("min_max");
  }

  private static Network network(String model, String tag) {
    boolean equalized = tag.startsWith("cle");
    return NETWORKS.computeIfAbsent(
        model + equalized,
        key -> {
          String file =
              equalized
                  ? model + "_cle.onnx"
                  : model + (model.equals("tiny") ? "_bnfolded.onnx" : ".onnx.gz");
          Graph graph = Golden.network(file);
          return new Network(graph, List.of()).foldBatchNorms();
        });
  }

  private static QuantConfig config(String tag, String bits) {
    String[] parts = tag.replace("cle.", "").split("\\.");
    QuantConfig config =
        switch (parts[0]) {
          case "pt" -> QuantConfig.perTensor();
          case "pc" -> QuantConfig.perChannel();
          default -> QuantConfig.htp(parts[0].replace("htp_", ""));
        };
    config =
        config.withScheme(
            switch (parts[1]) {
              case "tf_enhanced" -> QuantScheme.TF_ENHANCED;
              case "percentile" -> QuantScheme.percentile(99.99);
              default -> QuantScheme.MIN_MAX;
            });
    if (bits == null) {
      return config;
    }
    return bits.equals("w4a8") ? config.withWeightBits(4) : config.withActivationBits(16);
  }

  /** What is found of one golden file. */
  private static final class Row {
    private final String name;
    private final QuantizedNetwork network;
    private final int[] equal = new int[2];
    private final int[] total = new int[2];
    private double worst;
    private int far;
    private double sqnr;
    private double sameTop;
    private final List<String> different = new ArrayList<>();

    Row(String name, QuantizedNetwork network) {
      this.name = name;
      this.network = network;
    }

    void compare(JsonNode entries, boolean parameters) {
      Map<String, QuantizerNode> enabled = new LinkedHashMap<>();
      network.simulation().graph().quantizers().stream()
          .filter(q -> q.enabled() && q.parameter() == parameters)
          .forEach(q -> enabled.put(q.tensor(), q));
      TreeSet<String> expected = new TreeSet<>();
      entries.forEach(e -> expected.add(e.get("name").textValue()));
      expected.removeIf(this::readByNothing);
      assertThat(new TreeSet<>(enabled.keySet()))
          .as("enabled quantizers of %s", name)
          .isEqualTo(expected);
      for (JsonNode entry : entries) {
        String tensor = entry.get("name").textValue();
        if (!readByNothing(tensor)) {
          compare(entry, enabled.get(tensor), parameters ? 1 : 0);
        }
      }
    }

    /** AIMET keeps bounds of Clips that its equalization has replaced; our graph has no such. */
    private boolean readByNothing(String tensor) {
      Graph graph = FloatGraph.of(network.simulation().graph());
      return graph.consumers(tensor).isEmpty() && graph.producer(tensor).isEmpty();
    }

    private void compare(JsonNode entry, QuantizerNode quantizer, int kind) {
      List<Encoding> grids = network.simulation().encoding(quantizer.id()).grids();
      assertThat(grids).as(quantizer.tensor()).hasSize(entry.get("scale").size());
      for (int i = 0; i < grids.size(); i++) {
        Encoding grid = grids.get(i);
        double scale = entry.get("scale").get(i).doubleValue();
        long offset = entry.get("offset").get(i).longValue();
        double apart = Math.abs(grid.scale() / scale - 1);
        total[kind]++;
        if (apart <= SCALE && grid.offset() == offset) {
          equal[kind]++;
          worst = Math.max(worst, apart);
        } else {
          far += near(quantizer.spec().scheme(), grid, scale, offset) ? 0 : 1;
          different.add(
              "%s[%d]: scale %s for %s, offset %d for %d"
                  .formatted(quantizer.tensor(), i, grid.scale(), scale, grid.offset(), offset));
        }
      }
    }

    /**
     * Whether a grid is that of a neighbouring candidate of tf_enhanced, or differs by a bin of the
     * histogram and the code that this moves zero by.
     */
    private static boolean near(QuantScheme scheme, Encoding grid, double scale, long offset) {
      double width = (grid.max() - grid.min()) / 512;
      double steps = grid.steps();
      double min = Math.abs(grid.min() - scale * offset);
      double max = Math.abs(grid.max() - scale * (offset + steps));
      double ends = scheme.equals(QuantScheme.TF_ENHANCED) ? (grid.max() - grid.min()) / 16 : width;
      return Math.max(min, max) <= 1.5 * ends + grid.scale();
    }

    boolean allEqual() {
      return equal[0] == total[0] && equal[1] == total[1];
    }

    void outputs(Tensor aimet, Tensor own) {
      sqnr = Golden.sqnr(aimet, own);
      int classes = (int) own.sizes()[1];
      int same = 0;
      for (int i = 0; i < own.sizes()[0]; i++) {
        same += sameTop(aimet.floats(), own.floats(), i * classes, classes) ? 1 : 0;
      }
      sameTop = 100.0 * same / own.sizes()[0];
    }

    /** Quantized logits have ties: the same is a class that is largest in both. */
    private static boolean sameTop(float[] one, float[] two, int start, int classes) {
      int first = top(one, start, classes);
      int second = top(two, start, classes);
      return two[first] == two[second] || one[first] == one[second];
    }

    private static int top(float[] values, int start, int classes) {
      int top = start;
      for (int i = start + 1; i < start + classes; i++) {
        top = values[i] > values[top] ? i : top;
      }
      return top;
    }

    void check(String tag) {
      ROWS.add(
          String.format(
              Locale.ROOT,
              "%-36s %9d %5d/%-5d %6d/%-6d %9.1e %9d %9.1f %6.1f%%",
              name,
              network.simulation().graph().quantizers().stream()
                  .filter(QuantizerNode::enabled)
                  .count(),
              equal[0],
              total[0],
              equal[1],
              total[1],
              worst,
              far,
              sqnr,
              sameTop));
      different.stream().limit(6).forEach(d -> ROWS.add("    " + d));
      boolean exact = tag.endsWith("min_max");
      double activations = 100.0 * equal[0] / total[0];
      double weights = 100.0 * equal[1] / total[1];
      assertThat(activations)
          .as("activations of %s", name)
          .isGreaterThanOrEqualTo(exact ? 100 : 98);
      assertThat(weights).as("weights of %s", name).isGreaterThanOrEqualTo(exact ? 100 : 99.9);
      assertThat(far).as("grids of %s beyond a bin or candidate", name).isZero();
      assertThat(sqnr).as("SQNR of %s", name).isGreaterThanOrEqualTo(40);
      assertThat(sameTop).as("same top-1 of %s", name).isGreaterThanOrEqualTo(98);
    }
  }
}
