package io.qalibre.config;

import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.QuantizerPlacement.Kind;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Applies the user's edits. */
final class EditRules {
  private final QuantizerTable table;

  EditRules(QuantizerTable table) {
    this.table = table;
  }

  /**
   * Applies the edits in order.
   *
   * @throws UnknownNameException if one matches nothing
   */
  void apply(List<QuantizerEdit> edits) {
    for (QuantizerEdit edit : edits) {
      Pattern pattern = compile(edit.pattern());
      List<QuantizerState> matching =
          table.all().stream()
              .filter(s -> names(s).stream().anyMatch(n -> pattern.matcher(n).matches()))
              .toList();
      if (matching.isEmpty()) {
        throw new UnknownNameException(
            "quantizer", edit.pattern(), table.graph().name(), allNames());
      }
      matching.forEach(state -> apply(edit, state));
    }
  }

  private static void apply(QuantizerEdit edit, QuantizerState state) {
    String rule = "user: " + edit;
    if (edit instanceof QuantizerEdit.Disable) {
      state.enable(false, rule);
    } else if (edit instanceof QuantizerEdit.Bits bits) {
      state.bitwidth = bits.bitwidth();
      state.note(rule);
    } else if (edit instanceof QuantizerEdit.Symmetric symmetric) {
      state.symmetric = symmetric.symmetric();
      state.note(rule);
    }
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
        });
    if (state.owners.isEmpty()) {
      names.add(state.operator());
    }
    return names;
  }

  private Collection<String> allNames() {
    Set<String> names = new LinkedHashSet<>();
    for (Kind kind : Kind.values()) {
      names.add(kind.name().toLowerCase(Locale.ROOT));
    }
    table.all().forEach(state -> names.addAll(names(state)));
    return names;
  }

  private static Pattern compile(String glob) {
    return Pattern.compile(
        Arrays.stream(glob.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")),
        Pattern.DOTALL);
  }
}
