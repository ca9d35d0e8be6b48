package io.qalibre.engine;

import static io.qalibre.engine.EngineArrays.assertLeavesNothing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.config.Placement;
import io.qalibre.config.PlacementOptions;
import io.qalibre.config.RuntimeConfig;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class Variants_forEach_Test {
  private static final Tensor INPUT = Net.data(3, 10, 3, 6, 6);
  private static final Labelled DATA = Labelled.of(INPUT).batch(4);

  /** Two branches that meet, a size that is computed, and an output in the middle. */
  private static final Graph GRAPH =
      Placement.place(
          Net.input(3, 6, 6)
              .conv("a", "x", 4, 3, 3, 3)
              .op("a_relu", "Relu", List.of("a"))
              .conv("b", "a_relu", 4, 4, 3, 3)
              .conv("c", "a_relu", 4, 4, 1, 1)
              .op("b_relu", "Relu", List.of("b"))
              .op("sum", "Add", List.of("b_relu", "c"))
              .constant("rows", Tensor.of(new long[] {0, -1}, 2))
              .op("flat", "Reshape", List.of("sum", "rows"))
              .linear("y", "flat", 5, 144)
              .build("y", "sum"),
          RuntimeConfig.builtIn("int8"),
          PlacementOptions.DEFAULT);

  private static final Simulation SIMULATION = Calibrator.calibrate(GRAPH, DATA).simulation();

  @AfterEach
  void nothing_is_interrupted() {
    assertThat(Thread.interrupted()).isFalse();
  }

  private static Simulation without(String... tensors) {
    List<Node> nodes = new ArrayList<>();
    for (Node node : GRAPH.nodes()) {
      boolean off =
          node instanceof QuantizerNode quantizer && List.of(tensors).contains(quantizer.tensor());
      nodes.add(off ? off((QuantizerNode) node) : node);
    }
    return new Simulation(GRAPH.toBuilder().nodes(nodes).build(), SIMULATION.encodings());
  }

  private static QuantizerNode off(QuantizerNode node) {
    return node.switched(false, "test");
  }

  private static List<Simulation> variants() {
    Simulation moved =
        new Simulation(
            GRAPH.withInitializers(Map.of("c.bias", Net.data(9, 4))), SIMULATION.encodings());
    return List.of(
        without(GRAPH.quantizers().stream().map(QuantizerNode::tensor).toArray(String[]::new)),
        SIMULATION,
        without("a.weight", "a_relu"),
        without("b_relu"),
        without("b.weight", "c"),
        without("c.weight", "b.weight"),
        without("sum"),
        without("y", "y.weight"),
        SIMULATION,
        moved);
  }

  private record Answer(int network, long samples, Map<String, Tensor> outputs) {}

  private static List<Answer> answers(List<Simulation> variants, Labelled data) {
    return answers(variants, data, Long.MAX_VALUE);
  }

  private static List<Answer> answers(List<Simulation> variants, Labelled data, long most) {
    List<Answer> answers = new ArrayList<>();
    long[] before = {0};
    long samples =
        Variants.forEach(
            "test",
            variants,
            data,
            most,
            new Variants.Answers() {
              @Override
              public void answer(int network, Map<String, Tensor> outputs, List<Tensor> labels) {
                answers.add(new Answer(network, before[0], outputs));
              }

              @Override
              public void batchDone(long done) {
                before[0] = done;
              }
            });
    assertThat(samples).isEqualTo(before[0]);
    return answers;
  }

  @Test
  void every_network_answers_as_it_does_alone() {
    List<Simulation> variants = variants();

    List<Answer> answers = answers(variants, DATA);

    assertThat(answers).hasSize(3 * variants.size());
    Map<Integer, List<Tensor>> first = new HashMap<>();
    for (Answer answer : answers) {
      Map<String, Tensor> batch = Map.of("x", slice((int) answer.samples));
      Map<String, Tensor> alone = Runner.run(variants.get(answer.network), batch);
      assertThat(answer.outputs.keySet()).containsExactly("y", "sum");
      alone.forEach(
          (name, expected) ->
              assertThat(Golden.sqnr(expected, answer.outputs.get(name)))
                  .as("%s of network %d", name, answer.network)
                  .isGreaterThan(110));
      first.computeIfAbsent(answer.network, k -> new ArrayList<>()).add(answer.outputs.get("y"));
    }
    assertThat(first.get(1).get(0).floats()).isEqualTo(first.get(8).get(0).floats());
    assertThat(first.get(1).get(0).floats()).isNotEqualTo(first.get(9).get(0).floats());
    for (int i = 0; i < answers.size(); i += variants.size()) {
      assertThat(answers.get(i).network).isZero();
    }
  }

  private static Tensor slice(int from) {
    int n = Math.min(4, 10 - from);
    float[] values = new float[n * 108];
    INPUT.floatView().position(from * 108).get(values);
    return Tensor.of(values, n, 3, 6, 6);
  }

  /** What lies before a difference, or behind it in a form that others have, is no new program. */
  @Test
  void networks_that_differ_in_one_layer_share_their_stretches() {
    VariantParts parts = new VariantParts(variants().subList(0, 8));

    assertThat(parts.parts()).hasSizeBetween(4, 8);
    assertThat(parts.parts())
        .allMatch(part -> part.forms().stream().distinct().count() <= 4)
        .anyMatch(part -> part.forms().stream().distinct().count() == 2);
    assertThat(new VariantParts(List.of(SIMULATION, SIMULATION)).parts()).hasSize(1);
  }

  @Test
  void larger_batches_are_cut_with_their_labels() {
    long[] labels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    List<Long> seen = new ArrayList<>();
    List<Long> sizes = new ArrayList<>();
    Variants.forEach(
        "test",
        variants().subList(1, 3),
        Labelled.of(INPUT, labels).batch(4),
        3,
        new Variants.Answers() {
          @Override
          public void answer(int network, Map<String, Tensor> outputs, List<Tensor> own) {
            if (network == 0) {
              sizes.add(outputs.get("y").sizes()[0]);
              for (long label : own.get(0).longs()) {
                seen.add(label);
              }
            }
          }

          @Override
          public void batchDone(long done) {
            assertThat(done).isEqualTo(seen.size());
          }
        });

    assertThat(seen).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
    assertThat(sizes).containsExactly(3L, 1L, 3L, 1L, 2L);
    assertThat(answers(variants(), DATA, 3)).hasSize(5 * 10);
  }

  @Test
  void a_single_network_answers_too() {
    assertThat(answers(List.of(SIMULATION), DATA)).hasSize(3);
  }

  @Test
  void an_interrupt_stops_it_within_a_batch() {
    Labelled interrupting =
        DATA.before(
            i -> {
              if (i == 1) {
                Thread.currentThread().interrupt();
              }
            });

    assertThatThrownBy(() -> answers(variants(), interrupting))
        .isInstanceOf(InterruptedWorkException.class)
        .hasMessage("interrupted: test stopped after 4 samples");
  }

  @Test
  void samples_that_are_missing_or_do_not_fit_are_an_error() {
    Labelled none = Labelled.of(Net.data(1, 0, 3, 6, 6));
    assertThatThrownBy(() -> answers(variants(), none))
        .isInstanceOf(QalibreException.class)
        .hasMessage("test: the dataset is empty; expected at least one sample");
    Labelled other = Labelled.of(Net.data(1, 4, 2, 6, 6));
    assertThatThrownBy(() -> answers(variants(), other))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("input `x` takes N×3×6×6, found 4×2×6×6");
  }

  @Test
  void no_array_stays_behind() {
    Labelled other = Labelled.of(Net.data(1, 4, 2, 6, 6));
    assertLeavesNothing(() -> answers(variants(), DATA));
    assertLeavesNothing(() -> answers(variants(), DATA, 3));
    assertLeavesNothing(
        () ->
            assertThatThrownBy(() -> answers(variants(), other))
                .isInstanceOf(QalibreException.class));
  }
}
