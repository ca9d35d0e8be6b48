package io.qalibre.graph;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.SmallGraphs;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.graph.op.UnsupportedOperatorException;
import io.qalibre.testing.Net;
import java.util.List;
import org.junit.jupiter.api.Test;

class OperatorCatalogue_requireSupported_Test {
  @Test
  void all_that_is_unknown_is_listed_with_its_nodes() {
    Net net = Net.input(2).op("a", "Relu", List.of("x")).op("odd", "Conw", List.of("a"));
    for (int i = 0; i < 6; i++) {
      net.op("s" + i, "StringNormalizer", List.of("x"));
    }
    net.op("mine", "com.example::Thing", List.of("odd"));

    assertThatThrownBy(() -> OperatorCatalogue.requireSupported(net.unchecked("mine")))
        .isInstanceOf(UnsupportedOperatorException.class)
        .hasMessageStartingWith("unsupported operators: Conw (node `odd`); did you mean `Conv` or ")
        .hasMessageContaining("StringNormalizer (node `s0`, `s1`, `s2`, `s3` and 2 more)")
        .hasMessageContaining("com.example::Thing (node `mine`)");
  }

  @Test
  void a_graph_of_known_operators_passes() {
    assertThatCode(() -> OperatorCatalogue.requireSupported(SmallGraphs.network()))
        .doesNotThrowAnyException();
  }
}
