package io.qalibre.analysis;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Variants;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Compares a quantized network's tensors with the float network's. */
public final class LayerComparison {
  private static final String TITLE = "layerErrors";

  /** Elements of all compared tensors of both networks that are held at once. */
  private static final long MOST = 1L << 25;

  private final List<Watched> watched = new ArrayList<>();
  private final Map<String, Totals> totals = new LinkedHashMap<>();
  private Map<String, Tensor> reference = Map.of();
  private long samples;

  private record Watched(String name, String output, String operator) {}

  private record Totals(Measure.Sums sums, long elements) {
    Totals plus(Tensor expected, Tensor found) {
      return new Totals(sums.plus(Sqnr.of(expected, found)), elements + expected.size());
    }
  }

  private LayerComparison() {}

  /**
   * Compares all activations that are quantized, and the outputs. Interrupted, it gives what the
   * batches that are done say.
   *
   * @param simulation the simulation, with encodings
   * @param reference the float network it was made from
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws io.qalibre.errors.QalibreException if no quantizer is enabled, there is no sample, or
   *     one does not fit
   */
  public static LayerErrors compare(Simulation simulation, Graph reference, Dataset samples) {
    QuantizedLayers.of(TITLE, simulation.graph());
    return new LayerComparison().run(simulation, new Switches(simulation, reference), samples);
  }

  private LayerErrors run(Simulation simulation, Switches switches, Dataset data) {
    Graph graph = simulation.graph();
    watch(graph);
    Map<String, TensorShape> single = ShapeInference.infer(graph, 1);
    long each =
        watched.stream()
            .mapToLong(w -> Objects.requireNonNull(single.get(w.output)).elements())
            .sum();
    TensorFacts facts = ShapeInference.facts(graph);
    List<Simulation> pair = List.of(given(switches.floats(), facts), given(simulation, facts));
    boolean interrupted = false;
    try {
      Variants.forEach(TITLE, pair, data, Math.max(1, MOST / (2 * Math.max(1, each))), answers());
    } catch (InterruptedWorkException e) {
      if (samples == 0) {
        throw e;
      }
      interrupted = true;
    }
    return new LayerErrors(
        graph.name(),
        watched.stream().map(this::row).toList(),
        new Sensitivity.Run(samples, interrupted));
  }

  private void watch(Graph graph) {
    QuantizedLayers.quantizing(graph)
        .filter(q -> !graph.isInitializer(q.input()))
        .forEach(q -> watched.add(new Watched(q.tensor(), q.output(), q.placement().operator())));
    for (ValueInfo output : graph.outputs()) {
      boolean known = watched.stream().anyMatch(w -> w.output.equals(output.name()));
      if (!known && output.type() == DataType.FLOAT) {
        String operator =
            graph.producingOperator(output.name()).map(OperatorNode::type).orElse("input");
        watched.add(new Watched(output.name(), output.name(), operator));
      }
    }
  }

  /** The same network, giving out all that is compared. */
  private Simulation given(Simulation simulation, TensorFacts facts) {
    GraphBuilder builder = simulation.graph().toBuilder();
    for (Watched each : watched) {
      if (!simulation.graph().isOutput(each.output)) {
        builder.output(new ValueInfo(each.output, DataType.FLOAT, facts.shape(each.output)));
      }
    }
    return new Simulation(builder.build(), simulation.encodings());
  }

  private Variants.Answers answers() {
    return new Variants.Answers() {
      private Map<String, Tensor> found = Map.of();

      @Override
      public void answer(int network, Map<String, Tensor> outputs, List<Tensor> labels) {
        if (network == 0) {
          reference = outputs;
        } else {
          found = outputs;
        }
      }

      @Override
      public void batchDone(long done) {
        for (Watched each : watched) {
          Tensor expected = Objects.requireNonNull(reference.get(each.output));
          totals.merge(
              each.output,
              new Totals(Measure.Sums.NONE, 0)
                  .plus(expected, Objects.requireNonNull(found.get(each.output))),
              (a, b) -> new Totals(a.sums.plus(b.sums), a.elements + b.elements));
        }
        samples = done;
      }
    };
  }

  private LayerErrors.Row row(Watched each) {
    Totals total = Objects.requireNonNull(totals.get(each.output));
    return new LayerErrors.Row(
        each.name,
        each.operator,
        total.sums.second() / total.elements,
        Measure.SQNR.value(total.sums));
  }
}
