package io.qalibre.export;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.QuantScheme;
import io.qalibre.testing.GoldenEncodings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** AIMET's files fit the quantizers that its configs place, and come back with equal content. */
class EncodingsReader_golden_Test {
  private static final Map<String, String> CONFIGS =
      Map.of("pt", "per_tensor", "pc", "per_channel", "htp_v73", "htp_v73", "htp_v81", "htp_v81");

  private static final Map<String, Graph> NETWORKS = new HashMap<>();

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tiny.cle.pt.min_max.v1.0.0",
        "tiny.htp_v73.min_max.v1.0.0",
        "tiny.htp_v81.min_max.v1.0.0",
        "tiny.pc.min_max.v0.6.1",
        "tiny.pc.min_max.v1.0.0",
        "tiny.pc.min_max.v2.0.0",
        "tiny.pc.min_max.w4a8.v1.0.0",
        "tiny.pc.min_max.w8a16.v1.0.0",
        "tiny.pc.percentile.v1.0.0",
        "tiny.pc.seqmse.w4a8.v1.0.0",
        "tiny.pc.tf_enhanced.v1.0.0",
        "tiny.pt.min_max.v0.6.1",
        "tiny.pt.min_max.v1.0.0",
        "tiny.pt.min_max.v2.0.0",
        "tiny.pt.percentile.v1.0.0",
        "tiny.pt.tf_enhanced.v1.0.0",
        "mobilenet_v2.cle.pt.min_max.v1.0.0",
        "mobilenet_v2.htp_v73.min_max.v1.0.0.gz",
        "mobilenet_v2.htp_v81.min_max.v1.0.0.gz",
        "mobilenet_v2.pc.min_max.v0.6.1.gz",
        "mobilenet_v2.pc.min_max.v1.0.0.gz",
        "mobilenet_v2.pc.min_max.v2.0.0.gz",
        "mobilenet_v2.pc.min_max.w4a8.v1.0.0.gz",
        "mobilenet_v2.pc.min_max.w8a16.v1.0.0.gz",
        "mobilenet_v2.pc.percentile.v1.0.0.gz",
        "mobilenet_v2.pc.tf_enhanced.v1.0.0.gz",
        "mobilenet_v2.pt.min_max.v0.6.1",
        "mobilenet_v2.pt.min_max.v1.0.0",
        "mobilenet_v2.pt.min_max.v2.0.0",
        "mobilenet_v2.pt.percentile.v1.0.0",
        "mobilenet_v2.pt.tf_enhanced.v1.0.0",
        "resnet50.cle.pt.min_max.v1.0.0",
        "resnet50.pc.min_max.v1.0.0.gz",
        "resnet50.pc.min_max.v2.0.0.gz",
        "resnet50.pc.percentile.v1.0.0.gz",
        "resnet50.pc.tf_enhanced.v1.0.0.gz",
        "resnet50.pt.min_max.v0.6.1",
        "resnet50.pt.min_max.v1.0.0",
        "resnet50.pt.min_max.v2.0.0",
        "resnet50.pt.percentile.v1.0.0",
        "resnet50.pt.tf_enhanced.v1.0.0"
      })
  void loads_and_comes_back(String name) throws IOException {
    boolean packed = name.endsWith(".gz");
    String tag = packed ? name.substring(0, name.length() - 3) : name;
    String text = GoldenEncodings.text(tag + ".encodings" + (packed ? ".gz" : ""));
    Path file = Files.writeString(dir.resolve("net.encodings"), text);
    EncodingsVersion version =
        EncodingsVersion.of(tag.substring(tag.lastIndexOf(".v") + 2)).orElseThrow();

    Simulation read = EncodingsReader.read(file, placed(tag));
    String written = EncodingsWriter.write(read, ExportOptions.DEFAULT.withEncodings(version));

    assertThat(withoutProducer(written, tag)).isEqualTo(withoutProducer(text, tag));
  }

  private static Graph placed(String tag) {
    String[] parts = tag.split("\\.");
    boolean equalized = parts[1].equals("cle");
    PlacementOptions options = PlacementOptions.DEFAULT;
    if (tag.contains(".w4a8.")) {
      options = options.withParameterBits(4);
    } else if (tag.contains(".w8a16.")) {
      options = options.withActivationBits(16);
    }
    if (tag.contains(".percentile.")) {
      QuantScheme percentile = QuantScheme.percentile(99.99);
      options = options.withSchemes(percentile, percentile);
    } else if (tag.contains(".tf_enhanced.")) {
      options = options.withSchemes(QuantScheme.TF_ENHANCED, QuantScheme.TF_ENHANCED);
    }
    RuntimeConfig config = RuntimeConfig.builtIn(CONFIGS.get(parts[equalized ? 2 : 1]));
    return Placement.place(network(parts[0], equalized), config, options);
  }

  /** ResNet50 has no Clips, so its equalized network has the same operators. */
  private static Graph network(String model, boolean equalized) {
    String name =
        model.equals("resnet50")
            ? "resnet50.onnx.gz"
            : equalized
                ? model + "_cle.onnx"
                : model.equals("tiny") ? "tiny.onnx" : model + ".onnx.gz";
    return NETWORKS.computeIfAbsent(
        name,
        n -> {
          Graph graph = GoldenEncodings.network(n);
          return n.endsWith("_cle.onnx") ? graph : BatchNormFolding.fold(graph).graph();
        });
  }

  /** AIMET's equalization reorders nodes, so entries of equalized networks come in any order. */
  private static String withoutProducer(String text, String tag) {
    String rest = text.replaceAll("\"producer\": \\{[^}]*\\}", "");
    return tag.contains(".cle.") ? sortedEntries(rest) : rest;
  }

  private static String sortedEntries(String text) {
    return Pattern.compile("\n {8}\\{.*?\n {8}\\}", Pattern.DOTALL)
        .matcher(text)
        .results()
        .map(MatchResult::group)
        .sorted()
        .collect(joining());
  }
}
