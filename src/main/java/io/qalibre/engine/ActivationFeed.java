package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * What the nodes of a network read, position after position, in the float network and in the one
 * whose constants are quantized so far.
 *
 * <p>The tensors that are live at the present position are held for all batches and carried from
 * one position to the next, so that every node runs once. Where they do not fit into the memory
 * given, nothing is held, and each pass computes them anew from the samples.
 */
final class ActivationFeed implements AutoCloseable {
  private static final String TITLE = "adaRound";

  private final Graph graph;
  private final TensorFacts facts;
  private final Dataset samples;
  private final int end;
  private final long memory;
  private final Map<String, Tensor> quantized;
  private final NDManager manager = Programs.newManager();
  private final List<Held> held = new ArrayList<>();
  private boolean holding = true;
  private int position;
  private int batches;

  /** What is done with a batch's tensors, by name, at the present position. */
  @FunctionalInterface
  interface Consumer {
    void accept(Map<String, NDArray> floats, Map<String, NDArray> quantized);
  }

  private record Held(
      NDManager manager, Map<String, NDArray> floats, Map<String, NDArray> quantized) {
    long bytes() {
      return bytesOf(floats) + bytesOf(quantized);
    }

    private static long bytesOf(Map<String, NDArray> arrays) {
      return arrays.values().stream()
          .mapToLong(a -> a.size() * a.getDataType().getNumOfBytes())
          .sum();
    }
  }

  /** The float network's program and the quantized one's, which are the same but for constants. */
  private record Pair(Session floats, Session quantized) implements AutoCloseable {
    @Override
    public void close() {
      floats.close();
      quantized.close();
    }
  }

  /**
   * Reads the samples once.
   *
   * @param graph the float network
   * @param quantized the values of the constants that the quantized network has otherwise
   * @param end the position behind the last node that is asked for
   * @param memory the bytes that may be held
   * @throws QalibreException if there is no sample, or one does not fit
   */
  ActivationFeed(
      Graph graph, Map<String, Tensor> quantized, Dataset samples, int end, long memory) {
    this.graph = graph;
    this.facts = ShapeInference.facts(graph);
    this.samples = samples;
    this.end = end;
    this.memory = memory;
    this.quantized = new HashMap<>(quantized);
    try {
      long[] bytes = {0};
      forEachBatch(
          (scope, inputs, labels) -> {
            batches++;
            hold(inputs);
            bytes[0] += holding ? held.get(held.size() - 1).bytes() : 0;
            if (bytes[0] > memory) {
              release();
            }
          });
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void forEachBatch(Batches.Consumer consumer) {
    new Batches(graph, TITLE).forEach(manager, samples, consumer);
  }

  private void hold(NDList inputs) {
    if (holding) {
      NDManager own = manager.newSubManager();
      NDList copies = new NDList();
      for (NDArray input : inputs) {
        NDArray copy = input.duplicate();
        copy.attach(own);
        copies.add(copy);
      }
      Map<String, NDArray> named = named(graph.inputs(), copies);
      named.keySet().retainAll(GraphPart.live(graph, 0, end));
      held.add(new Held(own, named, named));
    }
  }

  private void release() {
    holding = false;
    held.forEach(batch -> batch.manager.close());
    held.clear();
  }

  /** The number of batches. */
  int batches() {
    return batches;
  }

  /** Gives constants of the quantized network other values, for what is computed from now on. */
  void change(String initializer, Tensor value) {
    quantized.put(initializer, value);
  }

  /** The value of a constant in the quantized network. */
  Tensor quantized(String initializer) {
    return quantized.getOrDefault(initializer, graph.initializer(initializer));
  }

  /** Goes on to a later position: everything before it has run. */
  void advance(int to) {
    Graph part = GraphPart.of(graph, facts, position, to, end);
    if (holding && !part.outputs().isEmpty()) {
      run(part);
    }
    if (holding) {
      Set<String> live = GraphPart.live(graph, to, end);
      held.replaceAll(batch -> moved(batch, live));
    }
    position = to;
  }

  /** Runs the next nodes on what is held, as far as there is room. */
  private void run(Graph part) {
    try (Pair sessions = open(part)) {
      for (int i = 0; holding && i < held.size(); i++) {
        int done = i;
        InterruptedWorkException.check(() -> TITLE + " stopped before batch " + done);
        Held batch = held.get(i);
        held.set(
            i,
            new Held(
                batch.manager,
                joined(batch.floats, run(sessions.floats, part, batch.manager, batch.floats)),
                joined(
                    batch.quantized,
                    run(sessions.quantized, part, batch.manager, batch.quantized))));
        if (held.get(i).bytes() * batches > memory) {
          release();
        }
      }
    } catch (InterruptedWorkException e) {
      throw e;
    } catch (QalibreException e) {
      // Sizes that the whole graph knows may be unknown to a part of it: from the inputs on it
      // runs.
      release();
    }
  }

  private static Map<String, NDArray> joined(
      Map<String, NDArray> before, Map<String, NDArray> more) {
    Map<String, NDArray> all = new LinkedHashMap<>(before);
    all.putAll(more);
    return all;
  }

  /** A batch with what is still read, in a manager of its own. */
  private Held moved(Held batch, Set<String> live) {
    NDManager own = manager.newSubManager();
    Map<String, NDArray> floats = new LinkedHashMap<>(batch.floats);
    Map<String, NDArray> changed = new LinkedHashMap<>(batch.quantized);
    floats.keySet().retainAll(live);
    changed.keySet().retainAll(live);
    floats.values().forEach(array -> array.attach(own));
    changed.values().forEach(array -> array.attach(own));
    batch.manager.close();
    return new Held(own, floats, changed);
  }

  /**
   * Goes through batches at the present position.
   *
   * @param wanted chooses batches by their index
   */
  void forEach(IntPredicate wanted, Consumer consumer) {
    if (holding) {
      for (int i = 0; i < held.size(); i++) {
        if (wanted.test(i)) {
          consumer.accept(held.get(i).floats, held.get(i).quantized);
        }
      }
      return;
    }
    Graph part = GraphPart.of(graph, facts, 0, position, end);
    int[] index = {0};
    try (Pair sessions = open(part)) {
      forEachBatch(
          (scope, inputs, labels) -> {
            if (wanted.test(index[0]++)) {
              Map<String, NDArray> named = named(graph.inputs(), inputs);
              consumer.accept(
                  joined(named, run(sessions.floats, part, scope, named)),
                  joined(named, run(sessions.quantized, part, scope, named)));
            }
          });
    }
  }

  private Pair open(Graph part) {
    Map<String, Tensor> changed = new HashMap<>(quantized);
    changed.keySet().retainAll(part.initializers().keySet());
    Session floats = Session.open(Simulation.of(part), Mode.INFER);
    try {
      return new Pair(
          floats, Session.open(Simulation.of(part.withInitializers(changed)), Mode.INFER));
    } catch (RuntimeException e) {
      floats.close();
      throw e;
    }
  }

  private static Map<String, NDArray> run(
      Session session, Graph part, NDManager into, Map<String, NDArray> tensors) {
    NDList inputs = new NDList();
    part.inputs().forEach(input -> inputs.add(tensors.get(input.name())));
    return named(part.outputs(), session.forward(into, inputs));
  }

  private static Map<String, NDArray> named(List<ValueInfo> infos, NDList arrays) {
    Map<String, NDArray> named = new LinkedHashMap<>();
    for (int i = 0; i < infos.size(); i++) {
      named.put(infos.get(i).name(), arrays.get(i));
    }
    return named;
  }

  @Override
  public void close() {
    manager.close();
  }
}
