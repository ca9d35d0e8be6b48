package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/** Takes batches through networks that share stretches; holds their programs until it is closed. */
final class VariantRunner implements AutoCloseable {
  private final String title;
  private final VariantParts division;
  private final List<VariantParts.Part> parts;
  private final List<Set<String>> live;
  private final Map<Form, Stretch> stretches = new HashMap<>();

  /**
   * Prepares to run; a stretch is compiled when a batch first reaches it.
   *
   * @param title what is being done, for errors
   */
  VariantRunner(String title, VariantParts division) {
    this.title = title;
    this.division = division;
    parts = division.parts();
    live = parts.stream().map(part -> division.live(part.to())).toList();
  }

  /** The number of networks. */
  int networks() {
    return parts.get(0).forms().size();
  }

  /** What is done with a network's answers. */
  interface Taker {
    void take(int network, Map<String, Tensor> outputs);
  }

  private record Form(int part, int form) {}

  private record Stretch(Graph graph, Session session) {}

  /**
   * The tensors of a batch at a cut.
   *
   * @param tensors by name
   * @param own the names of those that nobody else holds
   */
  private record State(Map<String, NDArray> tensors, Set<String> own) {
    NDArray get(String name) {
      return Objects.requireNonNull(tensors.get(name), name);
    }

    /** Closes what nobody holds any more. */
    void closeAllBut(Set<String> kept) {
      own.stream().filter(name -> !kept.contains(name)).forEach(name -> get(name).close());
    }
  }

  /**
   * Runs a batch.
   *
   * @param scope what the batch's arrays hang from
   * @param inputs by name; they stay open
   * @param networks which of the networks
   */
  void run(NDManager scope, Map<String, NDArray> inputs, List<Integer> networks, Taker taker) {
    descend(scope, new State(inputs, Set.of()), 0, networks, taker);
  }

  /**
   * Runs networks that are alike up to a part from there on. The largest group of those that go on
   * alike comes last and takes the tensors over, so that a way through the networks and one that
   * branches off it are held at a time.
   */
  private void descend(
      NDManager scope, State begin, int first, List<Integer> networks, Taker taker) {
    State state = begin;
    List<Integer> together = networks;
    for (int at = first; at < parts.size(); at++) {
      List<List<Integer>> groups = groups(parts.get(at), together);
      for (List<Integer> group : groups.subList(0, groups.size() - 1)) {
        State branch = step(scope, state, at, group.get(0), false);
        descend(scope, branch, at + 1, group, taker);
      }
      together = groups.get(groups.size() - 1);
      State next = step(scope, state, at, together.get(0), true);
      state.closeAllBut(next.own);
      state = next;
    }
    Map<String, Tensor> outputs = outputs(state);
    together.forEach(network -> taker.take(network, outputs));
    state.closeAllBut(Set.of());
  }

  private static List<List<Integer>> groups(VariantParts.Part part, List<Integer> networks) {
    Map<Integer, List<Integer>> groups = new TreeMap<>();
    for (int network : networks) {
      groups.computeIfAbsent(part.forms().get(network), k -> new ArrayList<>()).add(network);
    }
    return groups.values().stream().sorted(Comparator.comparing(List::size)).toList();
  }

  private State step(NDManager scope, State state, int at, int network, boolean takesOver) {
    InterruptedWorkException.check(() -> title + " stopped");
    Stretch stretch =
        stretches.computeIfAbsent(
            new Form(at, parts.get(at).forms().get(network)), k -> open(at, network));
    Map<String, NDArray> tensors = new LinkedHashMap<>(state.tensors);
    Set<String> own = new HashSet<>(takesOver ? state.own : Set.of());
    NDList inputs = new NDList();
    stretch.graph.inputs().forEach(input -> inputs.add(state.get(input.name())));
    if (!stretch.graph.outputs().isEmpty()) {
      NDList outputs = stretch.session.forward(scope, inputs);
      for (int i = 0; i < outputs.size(); i++) {
        String name = stretch.graph.outputs().get(i).name();
        tensors.put(name, outputs.get(i));
        own.add(name);
      }
    }
    tensors.keySet().retainAll(live.get(at));
    own.retainAll(live.get(at));
    return new State(tensors, own);
  }

  private Stretch open(int part, int network) {
    Simulation simulation = division.simulation(parts.get(part), network);
    return new Stretch(simulation.graph(), Session.open(simulation, Mode.INFER));
  }

  private Map<String, Tensor> outputs(State state) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    for (ValueInfo output : division.outputs()) {
      outputs.put(output.name(), Transfer.toTensor(state.get(output.name()), output.type()));
    }
    return outputs;
  }

  @Override
  public void close() {
    stretches.values().forEach(stretch -> stretch.session.close());
  }
}
