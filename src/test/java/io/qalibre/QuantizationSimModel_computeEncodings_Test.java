package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.data.Samples;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Rounding;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizationSimModel_computeEncodings_Test {
  private static final Samples SAMPLES = Samples.of(List.of(Map.of("x", Net.data(3, 8, 3, 6, 6))));
  private static final Network NETWORK =
      Qalibre.of(Net.input(3, 6, 6).conv("a", "x", 8, 3, 3, 3).build("a"));

  private static List<QuantConfig> builtIn() {
    return List.of(QuantConfig.int8(), QuantConfig.perChannel(), QuantConfig.perTensor());
  }

  @ParameterizedTest
  @MethodSource("builtIn")
  void biases_are_steps_of_input_times_weight(QuantConfig config) {
    Simulation found = NETWORK.simulate(config).computeEncodings(SAMPLES).simulation();

    float[] bias = found.graph().initializer("a.bias").floats();
    double input = (float) found.encoding("x").first().scale();
    for (int c = 0; c < bias.length; c++) {
      int grid = c % found.encoding("a.weight").grids().size();
      double step = input * (float) found.encoding("a.weight").grids().get(grid).scale();
      assertThat(bias[c]).isEqualTo((float) (Math.rint(bias[c] / step) * (float) step));
    }
    assertThat(bias).isNotEqualTo(NETWORK.graph().initializer("a.bias").floats());
  }

  @Test
  void biases_stay_as_they_are_where_quantizers_round_as_aimets_do() {
    Graph placed = QuantConfig.perTensor().place(NETWORK.graph());
    List<Node> nodes =
        placed.nodes().stream().map(QuantizationSimModel_computeEncodings_Test::halfAway).toList();
    Graph graph = placed.toBuilder().nodes(nodes).build();
    QuantizationSimModel model = new QuantizationSimModel(NETWORK, graph, "test", true);

    Tensor bias = model.computeEncodings(SAMPLES).simulation().graph().initializer("a.bias");

    assertThat(bias).isEqualTo(NETWORK.graph().initializer("a.bias"));
  }

  private static Node halfAway(Node node) {
    return node instanceof QuantizerNode q
        ? new QuantizerNode(
            q.id(),
            q.tensor(),
            q.input(),
            q.output(),
            q.spec().withFormat(q.spec().format().withRounding(Rounding.HALF_AWAY)),
            q.placement())
        : node;
  }
}
