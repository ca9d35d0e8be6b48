package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares the compiled optimization with sums in double precision and finite differences. */
class RoundingOptimizer_optimize_Test {
  private static final int SAMPLES = 6;
  private static final long MEMORY = 1L << 28;
  private static final Descent.Penalty PENALTY = new Descent.Penalty(0.01, 0.4, 8, 2);
  private static final Descent DESCENT = new Descent(5, SAMPLES, 1e-2, PENALTY, 1);

  private static Net picture() {
    return Net.input(4, 5, 6);
  }

  static Stream<Named<Graph>> layers() {
    return Stream.of(
        Named.of(
            "convolution, clip",
            picture()
                .constant("low", Tensor.scalar(-0.5f))
                .constant("high", Tensor.scalar(1.5f))
                .conv("c", "x", 3, 4, 3, 3)
                .op("a", "Clip", List.of("c", "low", "high"))
                .build("a")),
        Named.of(
            "convolution with stride, in groups, relu",
            picture()
                .random("c.weight", 6, 2, 3, 3)
                .random("c.bias", 6)
                .op(
                    "c",
                    "Conv",
                    List.of("x", "c.weight", "c.bias"),
                    "pads",
                    List.of(1L, 0L, 1L, 0L),
                    "strides",
                    List.of(2L, 1L),
                    "group",
                    2L)
                .op("a", "Relu", List.of("c"))
                .build("a")),
        Named.of("depthwise convolution", picture().grouped("c", "x", 4, 4, 1, 3, 3).build("c")),
        Named.of(
            "convolution with more padding on one side",
            picture()
                .random("c.weight", 3, 4, 2, 3)
                .op(
                    "c",
                    "Conv",
                    List.of("x", "c.weight"),
                    "pads",
                    List.of(0L, 2L, 1L, 1L),
                    "strides",
                    List.of(1L, 2L))
                .build("c")),
        Named.of("point convolution", picture().convNoBias("c", "x", 5, 4, 1, 1).build("c")),
        Named.of(
            "transposed convolution, prelu",
            picture()
                .random("c.weight", 4, 3, 3, 2)
                .random("c.bias", 3)
                .random("slope", 3, 1, 1)
                .op(
                    "c",
                    "ConvTranspose",
                    List.of("x", "c.weight", "c.bias"),
                    "strides",
                    List.of(2L, 2L),
                    "pads",
                    List.of(1L, 0L, 1L, 0L))
                .op("a", "PRelu", List.of("c", "slope"))
                .build("a")),
        Named.of(
            "linear layer, tanh",
            Net.input(7).linear("c", "x", 5, 7).op("a", "Tanh", List.of("c")).build("a")),
        Named.of(
            "product with factors, softmax",
            Net.input(7)
                .random("c.weight", 7, 5)
                .random("c.bias", 5)
                .op("c", "Gemm", List.of("x", "c.weight", "c.bias"), "alpha", 0.7f, "beta", 1.5f)
                .op("a", "Softmax", List.of("c"))
                .build("a")),
        Named.of(
            "product of sequences, sigmoid",
            Net.input(3, 7)
                .random("c.weight", 7, 5)
                .op("c", "MatMul", List.of("x", "c.weight"))
                .op("a", "Sigmoid", List.of("c"))
                .build("a")));
  }

  private static Tensor samples(Graph graph) {
    long[] sizes = graph.inputs().get(0).shape().sizes();
    sizes[0] = SAMPLES;
    return Net.data(9, sizes);
  }

  private static OperatorNode layer(Graph graph) {
    return graph.operators().get(0);
  }

  /** Neighbours and arguments that have nothing to do with the weight: no gradient is zero. */
  private static SoftRounding start(Graph graph) {
    float[] base = graph.initializer("c.weight").floats();
    float[] step = new float[base.length];
    float[] alpha = new float[base.length];
    Random random = new Random(4);
    for (int i = 0; i < base.length; i++) {
      base[i] -= 0.3f * random.nextFloat();
      step[i] = i % 5 == 0 ? 0 : 0.2f + 0.1f * random.nextFloat();
      alpha[i] = 2 * random.nextFloat() - 1;
    }
    return new SoftRounding(base, step, alpha);
  }

  private static RoundingOptimizer open(Graph graph, Labelled samples, long memory) {
    return RoundingOptimizer.open(graph, Map.of(), samples, layer(graph), memory);
  }

  @ParameterizedTest
  @MethodSource("layers")
  void iterations_are_those_of_finite_differences(Graph graph) {
    Tensor samples = samples(graph);
    Tensor target =
        Runner.run(Simulation.of(graph), Map.of("x", samples)).values().iterator().next();
    SoftRounding start = start(graph);
    NaiveLayer naive = new NaiveLayer(graph, layer(graph), samples, target, start);

    RoundingOptimizer.Outcome found;
    try (RoundingOptimizer optimizer = open(graph, Labelled.of(samples).batch(4), MEMORY)) {
      found = optimizer.optimize(layer(graph), start, DESCENT, done -> {});
    }

    double[] expected = naive.optimized(DESCENT);
    float[] alpha = found.rounding().alpha();
    for (int i = 0; i < alpha.length; i++) {
      assertThat((double) alpha[i]).as("argument %d", i).isCloseTo(expected[i], within(2e-5));
    }
    assertThat(alpha[1]).isNotEqualTo(start.alpha()[1]);
    assertThat(found.before()).isCloseTo(naive.loss(start.chosen()), within(1e-4));
    assertThat(found.after()).isCloseTo(naive.loss(found.rounding().chosen()), within(1e-4));
  }

  @Test
  void padding_by_rule_is_that_of_numbers() {
    Graph same =
        picture()
            .random("c.weight", 3, 4, 2, 3)
            .op(
                "c",
                "Conv",
                List.of("x", "c.weight"),
                "auto_pad",
                "SAME_LOWER",
                "strides",
                List.of(1L, 2L))
            .build("c");
    Graph numbers =
        picture()
            .random("c.weight", 3, 4, 2, 3)
            .op(
                "c",
                "Conv",
                List.of("x", "c.weight"),
                "pads",
                List.of(1L, 1L, 0L, 0L),
                "strides",
                List.of(1L, 2L))
            .build("c");

    assertThat(alpha(same, MEMORY)).isEqualTo(alpha(numbers, MEMORY));
  }

  private static float[] alpha(Graph graph, long memory) {
    try (RoundingOptimizer optimizer =
        open(graph, Labelled.of(samples(graph)).batch(SAMPLES), memory)) {
      return optimizer.optimize(layer(graph), start(graph), DESCENT, done -> {}).rounding().alpha();
    }
  }

  @Test
  void samples_that_are_computed_anew_are_those_that_are_held() {
    Graph graph = layers().findFirst().orElseThrow().getPayload();

    assertThat(alpha(graph, 1)).isEqualTo(alpha(graph, MEMORY));
  }

  @Test
  void every_iteration_is_told_of_and_done_where_samples_come_in_pools() {
    Graph graph = layers().findFirst().orElseThrow().getPayload();
    int[] told = {0};
    try (RoundingOptimizer optimizer = open(graph, Labelled.of(samples(graph)).batch(2), 1)) {
      RoundingOptimizer.Outcome outcome =
          optimizer.optimize(layer(graph), start(graph), DESCENT, done -> told[0] = done);

      assertThat(outcome.rounding().alpha()).isNotEqualTo(start(graph).alpha());
    }
    assertThat(told[0]).isEqualTo(DESCENT.iterations());
  }

  @Test
  void forms_that_are_not_known_are_named() {
    Graph turned =
        Net.input(5)
            .random("c.weight", 6, 3)
            .op("c", "Gemm", List.of("x", "c.weight"), "transA", 1L)
            .unchecked("c");
    Graph uneven =
        picture()
            .random("c.weight", 4, 3, 3, 3)
            .op("c", "ConvTranspose", List.of("x", "c.weight"), "pads", List.of(1L, 0L, 0L, 0L))
            .build("c");

    assertThatThrownBy(() -> alpha(turned, MEMORY))
        .isInstanceOf(UnknownFormException.class)
        .hasMessage("its input is transposed");
    assertThatThrownBy(() -> alpha(uneven, MEMORY))
        .isInstanceOf(UnknownFormException.class)
        .hasMessage("its padding is uneven");
  }

  @Test
  void without_samples_there_is_an_error() {
    Graph graph = layers().findFirst().orElseThrow().getPayload();

    assertThatThrownBy(() -> open(graph, Labelled.of(Net.data(1, 0, 4, 5, 6)), MEMORY))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("the dataset is empty");
  }
}
