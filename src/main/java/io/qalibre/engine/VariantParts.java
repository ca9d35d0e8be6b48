package io.qalibre.engine;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How networks with the same nodes, which differ in what quantizers and constants are, are divided:
 * into stretches of nodes, cut where one difference ends and another one begins. A stretch has as
 * many forms as there are different ones among the networks.
 */
final class VariantParts {
  private final List<Simulation> variants;
  private final Graph graph;
  private final TensorFacts facts;
  private final List<Part> parts = new ArrayList<>();

  /**
   * A stretch of nodes.
   *
   * @param from the position of its first node
   * @param to the position behind its last node
   * @param forms for each network which form the stretch has in it
   */
  record Part(int from, int to, List<Integer> forms) {}

  /** Divides networks that have the same nodes and names. */
  VariantParts(List<Simulation> variants) {
    this.variants = variants;
    graph = variants.get(0).graph();
    facts = ShapeInference.facts(graph);
    List<List<Integer>> differences = differences();
    List<Integer> cuts = cuts(differences);
    for (int i = 0; i + 1 < cuts.size(); i++) {
      int from = cuts.get(i);
      int to = cuts.get(i + 1);
      parts.add(new Part(from, to, numbered(from, to, differences)));
    }
  }

  List<Part> parts() {
    return parts;
  }

  /** What all of the networks give. */
  List<ValueInfo> outputs() {
    return graph.outputs();
  }

  /** A stretch as a network of its own, in the form that it has in one of the networks. */
  Simulation simulation(Part part, int variant) {
    Simulation whole = variants.get(variant);
    Graph stretch = GraphPart.of(whole.graph(), facts, part.from(), part.to(), live(part.to()));
    return new Simulation(stretch, whole.encodings());
  }

  /** The tensors that are there before a position, and read from it on or given out at the end. */
  Set<String> live(int at) {
    Set<String> live = new LinkedHashSet<>(GraphPart.live(graph, at, graph.nodes().size()));
    Set<String> written = new LinkedHashSet<>();
    graph.inputs().forEach(input -> written.add(input.name()));
    graph.nodes().subList(0, at).forEach(node -> written.addAll(node.outputs()));
    graph.outputs().stream().map(ValueInfo::name).filter(written::contains).forEach(live::add);
    return live;
  }

  /** For each position the numbers of the forms that its node has in the networks. */
  private List<List<Integer>> differences() {
    ConstantNumbers constants = new ConstantNumbers();
    return IntStream.range(0, graph.nodes().size())
        .mapToObj(at -> numbered(variants.stream().map(v -> key(v, at, constants)).toList()))
        .toList();
  }

  private static List<Object> key(Simulation variant, int at, ConstantNumbers constants) {
    Node node = variant.graph().nodes().get(at);
    List<Object> key = new ArrayList<>();
    if (node instanceof QuantizerNode quantizer) {
      key.add(quantizer.enabled());
      if (quantizer.enabled()) {
        key.add(quantizer.spec());
        key.add(Optional.ofNullable(variant.encodings().get(quantizer.id())));
      }
    }
    for (String input : node.inputs()) {
      if (variant.graph().isInitializer(input)) {
        key.add(constants.of(variant.graph().initializer(input)));
      }
    }
    return key;
  }

  /** Numbers equal things alike, in order of appearance. */
  private static List<Integer> numbered(Collection<?> things) {
    Map<Object, Integer> numbers = new HashMap<>();
    return things.stream()
        .map(
            thing -> {
              numbers.putIfAbsent(thing, numbers.size());
              return numbers.get(thing);
            })
        .toList();
  }

  private List<Integer> numbered(int from, int to, List<List<Integer>> differences) {
    return numbered(
        IntStream.range(0, variants.size())
            .mapToObj(
                v -> IntStream.range(from, to).mapToObj(at -> differences.get(at).get(v)).toList())
            .toList());
  }

  /** The positions where stretches begin, and the end. */
  private List<Integer> cuts(List<List<Integer>> differences) {
    Set<Integer> cuts = new LinkedHashSet<>(List.of(0));
    int before = -1;
    for (int at = 0; at < differences.size(); at++) {
      if (differences.get(at).stream().anyMatch(form -> form != 0)) {
        if (before >= 0 && !differences.get(at).equals(differences.get(before))) {
          cut(before, at, cuts);
        }
        before = at;
      }
    }
    cuts.add(differences.size());
    return List.copyOf(cuts);
  }

  /** Cuts as late as possible, but not between an operator and the quantizer of its output. */
  private void cut(int before, int at, Set<Integer> cuts) {
    int cut = at;
    while (cut - 1 > before && feeds(cut - 1, cut)) {
      cut--;
    }
    while (cut > before && !clean(cut)) {
      cut--;
    }
    if (cut > before) {
      cuts.add(cut);
    }
  }

  private boolean feeds(int one, int other) {
    Node node = graph.nodes().get(one);
    return node instanceof OperatorNode
        && graph.nodes().get(other).inputs().stream().anyMatch(node.outputs()::contains);
  }

  /**
   * Whether nothing but activations crosses a position: sizes are known to the whole graph only,
   * and weights belong to their layers.
   */
  private boolean clean(int at) {
    return live(at).stream()
        .allMatch(
            tensor ->
                facts.types().get(tensor) == DataType.FLOAT
                    && graph
                        .producer(tensor)
                        .filter(QuantizerNode.class::isInstance)
                        .map(QuantizerNode.class::cast)
                        .filter(QuantizerNode::parameter)
                        .isEmpty());
  }

  /** Tells constants apart by who they are: networks that do not differ share them. */
  private static final class ConstantNumbers {
    private final Map<Object, Integer> numbers = new IdentityHashMap<>();

    int of(Object constant) {
      numbers.putIfAbsent(constant, numbers.size());
      return numbers.get(constant);
    }
  }
}
