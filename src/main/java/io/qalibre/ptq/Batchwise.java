package io.qalibre.ptq;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Runner;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs parts of a network on all samples, batch by batch. It can keep the tensors that the rest of
 * the network needs, on the heap, so that what lies before them runs once only; where they do not
 * fit into its memory, the rest starts from the last tensors that did, or from the samples.
 */
final class Batchwise {
  private static final int BYTES = 4;

  private final String title;
  private final Dataset samples;
  private final long memory;
  private long count;
  private Set<String> kept = Set.of();
  private @Nullable List<Map<String, Tensor>> batches;

  /**
   * Starts with the samples.
   *
   * @param title what is being done, for the progress line and for errors
   * @param memory how many bytes may be kept
   */
  Batchwise(String title, Dataset samples, long memory) {
    this.title = title;
    this.samples = samples;
    this.memory = memory;
  }

  /**
   * Computes some tensors and hands them over, batch by batch.
   *
   * @param simulation the network; earlier calls may have had other weights in those parts only
   *     that what is kept does not depend on
   */
  void forEach(
      Simulation simulation, Collection<String> tensors, Consumer<Map<String, Tensor>> consumer) {
    Graph graph = simulation.graph();
    if (batches == null) {
      Graph part = Cut.fromInputs(graph, tensors);
      count =
          Runner.forEach(
              title,
              new Simulation(part, simulation.encodings()),
              samples,
              (outputs, labels) -> consumer.accept(outputs));
    } else {
      Graph part = Cut.between(graph, kept, tensors);
      Runner.forEach(new Simulation(part, simulation.encodings()), batches, consumer);
    }
  }

  /** Keeps some tensors, from which all that is asked for later can be computed, if they fit. */
  void advance(Simulation simulation, Set<String> tensors) {
    if ((batches != null && kept.equals(tensors))
        || expected(simulation.graph(), tensors) > half()) {
      return;
    }
    List<Map<String, Tensor>> next = new ArrayList<>();
    long[] bytes = new long[1];
    forEach(
        simulation,
        tensors,
        outputs -> {
          bytes[0] += outputs.values().stream().mapToLong(Batchwise::bytes).sum();
          if (bytes[0] <= half()) {
            next.add(new HashMap<>(outputs));
          } else {
            next.clear();
          }
        });
    if (bytes[0] <= half()) {
      batches = next;
      kept = Set.copyOf(tensors);
    }
  }

  /** The old tensors are there while the new ones are made. */
  private long half() {
    return memory / 2;
  }

  private static long bytes(Tensor tensor) {
    return (long) tensor.size() * (tensor.type() == DataType.INT64 ? 2 * BYTES : BYTES);
  }

  /** How many bytes tensors will take for all samples; 0 where that is not known beforehand. */
  private long expected(Graph graph, Set<String> tensors) {
    Dim batch = graph.inputs().get(0).shape().dim(0);
    if (count == 0 || batch.known()) {
      return 0;
    }
    Map<String, TensorShape> shapes = ShapeInference.infer(graph, count);
    return tensors.stream()
        .mapToLong(t -> Math.max(0, Objects.requireNonNull(shapes.get(t), t).elements() * BYTES))
        .sum();
  }
}
