package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.data.Samples;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.Runner;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** AIMET's QDQ export of a MobileNetV2, whose weights are codes. */
class QdqReader_golden_Test {
  private static final String NAME = "mobilenet_v2.pc.min_max";
  private static final int PICTURES = 64;

  @TempDir Path dir;

  private static Simulation read() {
    return QdqReader.read(Golden.file(NAME + ".qdq.onnx")).simulation();
  }

  private EncodingsFile encodings() throws IOException {
    Path unpacked = dir.resolve("encodings.json");
    Path golden = Golden.file(NAME + ".v1.0.0.encodings.gz");
    try (InputStream in = new GZIPInputStream(Files.newInputStream(golden))) {
      Files.copy(in, unpacked);
    }
    return EncodingsFile.read(unpacked);
  }

  @Test
  void its_outputs_are_those_of_onnx_runtime() {
    Simulation simulation = read();
    Map<String, Tensor> input = Map.of("input", io.qalibre.testing.Golden.pictures(PICTURES));

    Tensor found = Runner.run(simulation, input).get("output");

    Tensor runtime = io.qalibre.testing.Golden.array(NAME + ".qdq.out.npy");
    assertThat(io.qalibre.testing.Golden.sqnr(runtime, found)).isGreaterThan(30);
  }

  @Test
  void its_encodings_are_those_of_aimets_file() throws IOException {
    Simulation simulation = read();
    EncodingsFile file = encodings();

    Set<String> compared = new HashSet<>();
    Map<String, TensorEncoding> others = new LinkedHashMap<>();
    for (QuantizerNode node : simulation.graph().quantizers()) {
      EncodingsEntry entry =
          (node.parameter() ? file.parameters() : file.activations()).get(node.tensor());
      if (entry != null) {
        requireEqual(simulation.encoding(node.id()), entry, node.tensor());
        compared.add(node.tensor());
      } else if (node.enabled()) {
        others.put(node.tensor(), simulation.encoding(node.id()));
      }
    }
    Graph network = FloatGraph.of(simulation.graph());
    Set<String> left = new HashSet<>(file.activations().keySet());
    left.addAll(file.parameters().keySet());
    left.removeAll(compared);
    List<OperatorNode> clips =
        network.operators().stream().filter(node -> node.type().equals("Clip")).toList();
    assertThat(compared).hasSize(135);
    assertThat(left)
        .containsExactlyInAnyOrderElementsOf(
            clips.stream().flatMap(clip -> clip.inputs().stream().skip(1)).toList());
    // AIMET's export quantizes what a Clip reads as well, to the grid that the Clip's output has.
    assertThat(others).hasSize(18);
    for (OperatorNode clip : clips) {
      TensorEncoding before = others.remove(clip.input(0));
      assertThat(before == null ? List.of() : List.of(before))
          .isSubsetOf(simulation.encoding(clip.output()));
    }
    assertThat(others).isEmpty();
  }

  private static void requireEqual(TensorEncoding found, EncodingsEntry expected, String tensor) {
    assertThat(found.grids()).as(tensor).hasSameSizeAs(expected.numbers().scales());
    assertThat(found.bitwidth()).as(tensor).isEqualTo(expected.format().bitwidth());
    assertThat(found.first().symmetric()).as(tensor).isEqualTo(expected.symmetric());
    for (int i = 0; i < found.grids().size(); i++) {
      Encoding channel = found.grids().get(i);
      assertThat(channel.offset()).as(tensor).isEqualTo(expected.numbers().offsets().get(i));
      assertThat((float) channel.scale())
          .as(tensor)
          .isEqualTo(expected.numbers().scales().get(i).floatValue());
    }
  }

  @Test
  void its_float_network_has_the_tensors_it_was_made_of() {
    Graph before = OnnxReader.read(Golden.file("mobilenet_v2_bnfolded.onnx"));

    Graph found = FloatGraph.of(read().graph());

    assertThat(found.nodes()).hasSameSizeAs(before.nodes());
    for (int i = 0; i < before.nodes().size(); i++) {
      assertThat(found.operators().get(i).outputs()).isEqualTo(before.operators().get(i).outputs());
      assertThat(found.operators().get(i).inputs()).isEqualTo(before.operators().get(i).inputs());
    }
  }

  @Test
  void our_own_export_of_it_comes_back_to_the_bit() {
    Graph network = OnnxReader.read(Golden.file("mobilenet_v2_bnfolded.onnx"));
    Graph placed =
        Placement.place(network, RuntimeConfig.builtIn("int8"), PlacementOptions.DEFAULT);
    Map<String, Tensor> input = Map.of("input", io.qalibre.testing.Golden.pictures(16));
    Simulation simulation =
        IntegerBiases.round(Calibrator.calibrate(placed, Samples.of(List.of(input))).simulation());
    Path file = dir.resolve("net_qdq.onnx");
    OnnxWriter.write(QdqGraph.of(simulation), file);

    Simulation found = QdqReader.read(file).simulation();

    assertThat(Runner.run(found, input)).isEqualTo(Runner.run(simulation, input));
    assertThat(found.encodings().keySet()).isEqualTo(simulation.encodings().keySet());
    assertThat(FloatGraph.of(found.graph()).nodes()).isEqualTo(network.nodes());
    Graph again = QdqGraph.of(found);
    assertThat(again.initializers()).isEqualTo(QdqGraph.of(simulation).initializers());
  }
}
