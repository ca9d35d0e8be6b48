package io.qalibre.config;

import static io.qalibre.config.SmallGraphs.enabled;
import static io.qalibre.config.SmallGraphs.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Net;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GELUs that a network writes out in single operators. */
class Placement_gelus_Test {
  private static final String RULE = "qalibre.passes Gelu";

  private static Graph place(Graph graph, String builtIn) {
    return Placement.place(graph, RuntimeConfig.builtIn(builtIn), PlacementOptions.DEFAULT);
  }

  private static Net start() {
    return Net.input(8)
        .constant("root", Tensor.scalar((float) Math.sqrt(2)))
        .constant("inverse", Tensor.scalar((float) Math.sqrt(0.5)))
        .constant("one", Tensor.scalar(1))
        .constant("half", Tensor.scalar(0.5f));
  }

  /** From {@code scaled} to {@code gated}, the product with a tensor. */
  private static Net gated(Net net, String with) {
    return net.op("erf", "Erf", List.of("scaled"))
        .op("shifted", "Add", List.of("erf", "one"))
        .op("gated", "Mul", List.of(with, "shifted"));
  }

  private static Net halfLast() {
    return gated(start().op("scaled", "Div", List.of("x", "root")), "x")
        .op("y", "Mul", List.of("gated", "half"));
  }

  @Test
  void are_quantized_at_their_ends() {
    Graph placed = place(halfLast().build("y"), "int8");

    assertThat(enabled(placed)).containsExactly("x", "y");
    for (String inner : List.of("scaled", "erf", "shifted", "gated", "root", "one", "half")) {
      assertThat(rule(placed, inner)).as(inner).isEqualTo(RULE);
    }
  }

  @Test
  void with_the_half_in_front_and_a_product_for_the_division() {
    Net net =
        start()
            .op("halved", "Mul", List.of("x", "half"))
            .op("scaled", "Mul", List.of("x", "inverse"));

    Graph placed = place(gated(net, "halved").build("gated"), "int8");

    assertThat(enabled(placed)).containsExactly("x", "half", "halved", "gated");
  }

  @Test
  void what_is_an_output_or_read_elsewhere_ends_it() {
    Graph placed = place(halfLast().op("z", "Neg", List.of("gated")).build("y", "z"), "int8");

    assertThat(enabled(placed)).containsExactly("x", "gated", "half", "y", "z");
  }

  @Test
  void an_erf_that_is_read_elsewhere_is_none() {
    Graph placed = place(halfLast().build("erf", "y"), "int8");

    assertThat(enabled(placed)).contains("scaled", "erf", "one", "shifted", "gated", "y");
  }

  @ParameterizedTest
  @ValueSource(strings = {"per_tensor", "htp_v73"})
  void other_targets_quantize_each_operator(String builtIn) {
    assertThat(enabled(place(halfLast().build("y"), builtIn)))
        .contains("scaled", "erf", "shifted", "gated", "y");
  }
}
