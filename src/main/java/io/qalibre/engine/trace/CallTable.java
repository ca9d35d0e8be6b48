package io.qalibre.engine.trace;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/** How calls of DJL's arrays are recorded, by the method's name. */
final class CallTable {
  private final Map<String, Function<TracedCall, List<String>>> converters = new TreeMap<>();

  /** Adds a method that gives one array: the converter gives the tensor of its result. */
  void add(String method, Function<TracedCall, String> converter) {
    converters.put(method, call -> List.of(converter.apply(call)));
  }

  /** Adds a method that gives several arrays: the converter gives the tensors of its results. */
  void addSeveral(String method, Function<TracedCall, List<String>> converter) {
    converters.put(method, converter);
  }

  /** Adds a method without arguments that one operator computes. */
  void function(String method, String type) {
    add(method, call -> call.node(method.toLowerCase(Locale.ROOT), type));
  }

  /** The converter of a method. */
  Optional<Function<TracedCall, List<String>>> find(String method) {
    return Optional.ofNullable(converters.get(method));
  }

  /** The methods, sorted. */
  Collection<String> methods() {
    return converters.keySet();
  }
}
