package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Granularity.PerBlock;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Export, load, export gives the same bytes. */
class EncodingsWriter_roundTrip_Test {
  private static final Set<String> FLOATS = Set.of("x", "c.weight", "k");

  @TempDir Path dir;

  static Stream<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    graphs()
        .forEach(
            (name, graph) -> {
              for (EncodingsVersion version : EncodingsVersion.values()) {
                for (boolean integerBias : new boolean[] {false, true}) {
                  if (version != EncodingsVersion.V0_6_1 || !name.equals("LPBQ")) {
                    cases.add(Arguments.of(name, version, integerBias, graph));
                  }
                }
              }
            });
    return cases.stream();
  }

  private static Map<String, Graph> graphs() {
    Map<String, Graph> graphs = new LinkedHashMap<>();
    Arrays.stream(Symmetry.values())
        .forEach(symmetry -> graphs.put(symmetry.name(), EncodedLayers.placed(symmetry)));
    Graph plain = EncodedLayers.placed(Symmetry.ASYMMETRIC);
    graphs.put("per tensor", EncodedLayers.with(plain, q -> weight(q, Granularity.PER_TENSOR)));
    graphs.put("blocks", EncodedLayers.with(plain, q -> blocks(plain, q, 0)));
    graphs.put("LPBQ", EncodedLayers.with(plain, q -> bits(blocks(plain, q, 4), 4)));
    graphs.put("4 bits", EncodedLayers.with(plain, q -> bits(q, q.parameter() ? 4 : 8)));
    graphs.put("16 bits", EncodedLayers.with(plain, q -> bits(q, q.parameter() ? 8 : 16)));
    graphs.put("float16", EncodedLayers.with(plain, EncodingsWriter_roundTrip_Test::float16));
    graphs.put("tied", EncodedLayers.with(plain, EncodingsWriter_roundTrip_Test::tied));
    return graphs;
  }

  @ParameterizedTest(name = "{0}, {1}, integer biases {2}")
  @MethodSource("cases")
  void gives_the_same_bytes(String name, EncodingsVersion version, boolean integerBias, Graph graph)
      throws IOException {
    ExportOptions options =
        ExportOptions.DEFAULT.withEncodings(version).withIntegerBias(integerBias);
    Simulation simulation = EncodedLayers.encoded(graph);
    String first = EncodingsWriter.write(simulation, options);
    Path file = Files.writeString(dir.resolve("net.encodings"), first);

    Simulation read = EncodingsReader.read(file, graph);

    assertThat(read).isEqualTo(simulation);
    assertThat(EncodingsWriter.write(read, options)).isEqualTo(first);
  }

  private static QuantizerNode weight(QuantizerNode node, Granularity granularity) {
    return node.parameter()
        ? EncodedLayers.respecified(node, node.spec().withGranularity(granularity))
        : node;
  }

  private static QuantizerNode blocks(Graph graph, QuantizerNode node, int scaleBits) {
    int rank = node.parameter() ? graph.initializer(node.input()).rank() : 0;
    if (rank < 2) {
      return node;
    }
    int axis = node.spec().axis();
    return weight(node, new PerBlock(axis, 1 - axis, 2, scaleBits));
  }

  private static QuantizerNode bits(QuantizerNode node, int bits) {
    QuantizerSpec spec = node.spec();
    return EncodedLayers.respecified(node, spec.withFormat(NumberFormat.integer(bits)));
  }

  private static QuantizerNode float16(QuantizerNode node) {
    QuantizerSpec spec =
        node.spec().withFormat(NumberFormat.FLOAT16).withGranularity(Granularity.PER_TENSOR);
    return FLOATS.contains(node.tensor()) ? EncodedLayers.respecified(node, spec) : node;
  }

  private static QuantizerNode tied(QuantizerNode node) {
    return Set.of("r", "t", "k").contains(node.tensor())
        ? new QuantizerNode(
            "k", node.tensor(), node.input(), node.output(), node.spec(), node.placement())
        : node;
  }
}
