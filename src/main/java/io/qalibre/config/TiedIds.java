package io.qalibre.config;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The ids of quantizers: those that are tied and enabled have the id of the first of them. */
final class TiedIds {
  /** So many of the others are named. */
  private static final int SHOWN = 3;

  private final Map<QuantizerGrid, List<QuantizerState>> groups = new IdentityHashMap<>();

  TiedIds(QuantizerTable table) {
    for (QuantizerState state : table.all()) {
      if (state.enabled()) {
        groups.computeIfAbsent(state.grid, grid -> new ArrayList<>()).add(state);
      }
    }
  }

  String id(QuantizerState state) {
    return state.enabled() ? group(state).get(0).tensor : state.tensor;
  }

  /** Such as {@code tied to `relu1` by Relu}; empty where it is tied to nothing. */
  String tie(QuantizerState state) {
    if (!state.enabled() || group(state).size() == 1) {
      return "";
    }
    List<String> others =
        group(state).stream()
            .filter(other -> other != state)
            .map(other -> "`" + other.tensor + "`")
            .toList();
    return "tied to "
        + others.stream().limit(SHOWN).collect(Collectors.joining(", "))
        + (others.size() > SHOWN ? " and " + (others.size() - SHOWN) + " more" : "")
        + " by "
        + String.join(", ", state.grid.ties);
  }

  private List<QuantizerState> group(QuantizerState state) {
    return groups.getOrDefault(state.grid, List.of(state));
  }
}
