package io.qalibre.config;

import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.ValueInfo;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds the quantizers that the pattern of an edit names. */
final class QuantizerPatterns {
  private static final Pattern PLACE = Pattern.compile("(.+)\\[(-?\\d{1,9})]", Pattern.DOTALL);

  private final QuantizerTable table;

  QuantizerPatterns(QuantizerTable table) {
    this.table = table;
  }

  /**
   * The quantizers that a pattern names.
   *
   * @throws UnknownNameException if there are none, with the nearest names
   */
  List<QuantizerState> matching(String pattern) {
    Pattern glob = compile(pattern);
    List<QuantizerState> named =
        table.all().stream()
            .filter(state -> names(state).stream().anyMatch(n -> glob.matcher(n).matches()))
            .toList();
    List<QuantizerState> found = named.isEmpty() ? placed(pattern) : named;
    if (found.isEmpty()) {
      throw new UnknownNameException("quantizer", pattern, table.graph().name(), allNames());
    }
    return found;
  }

  /** The names a quantizer answers to. */
  private static Set<String> names(QuantizerState state) {
    Set<String> names = new LinkedHashSet<>();
    names.add(state.tensor);
    names.add(state.kind.name().toLowerCase(Locale.ROOT));
    state.owners.forEach(
        owner -> {
          names.add(owner.node().name());
          names.add(owner.node().type());
          names.add(owner.type());
        });
    if (state.owners.isEmpty()) {
      names.add(state.operator());
    }
    return names;
  }

  /** What belongs to one node of a type, such as {@code Conv[-1]}. */
  private List<QuantizerState> placed(String pattern) {
    Matcher place = PLACE.matcher(pattern);
    if (!place.matches()) {
      return List.of();
    }
    List<String> nodes = byType().getOrDefault(place.group(1), List.of());
    int index = Integer.parseInt(place.group(2));
    int at = index < 0 ? nodes.size() + index : index;
    if (at < 0 || at >= nodes.size()) {
      return List.of();
    }
    return table.all().stream().filter(state -> belongs(state, nodes.get(at))).toList();
  }

  private static boolean belongs(QuantizerState state, String node) {
    return state.owners.isEmpty()
        ? state.tensor.equals(node)
        : state.owners.stream().anyMatch(owner -> owner.node().name().equals(node));
  }

  /** The nodes of each type in order of execution, and the network's inputs. */
  private Map<String, List<String>> byType() {
    Map<String, List<String>> nodes =
        table.graph().operators().stream()
            .collect(
                Collectors.groupingBy(
                    OperatorNode::type,
                    LinkedHashMap::new,
                    Collectors.mapping(OperatorNode::name, Collectors.toList())));
    nodes.put(QuantizerState.INPUT, table.graph().inputs().stream().map(ValueInfo::name).toList());
    return nodes;
  }

  private Set<String> allNames() {
    Set<String> names = new LinkedHashSet<>();
    for (Kind kind : Kind.values()) {
      names.add(kind.name().toLowerCase(Locale.ROOT));
    }
    table.all().forEach(state -> names.addAll(names(state)));
    byType()
        .forEach(
            (type, nodes) -> {
              for (int i = 0; i < nodes.size(); i++) {
                names.add(type + "[" + i + "]");
              }
            });
    return names;
  }

  private static Pattern compile(String glob) {
    return Pattern.compile(
        Arrays.stream(glob.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")),
        Pattern.DOTALL);
  }
}
