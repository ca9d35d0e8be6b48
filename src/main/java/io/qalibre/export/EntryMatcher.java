package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import java.util.ArrayList;
import java.util.List;

/** Compares entries with the quantizers they are for. */
record EntryMatcher(Graph graph, EncodingsVersion version) {
  /** What differs, in words; empty where the entry is one of the quantizer. */
  List<String> differences(QuantizerNode node, EncodingsEntry entry) {
    List<String> problems = new ArrayList<>();
    QuantizerSpec spec = node.spec();
    String expected = spec.format().label();
    if (!expected.equals(entry.format().label())) {
      problems.add("type: expected " + expected + ", found " + entry.format().label());
      return problems;
    }
    if (spec.format().floating()) {
      return problems;
    }
    if (!symmetric(node, entry)) {
      problems.add(
          "symmetric: expected "
              + spec.symmetry().symmetric()
              + ", found "
              + !spec.symmetry().symmetric());
    } else if (!EntryDecoder.fits(spec.symmetry(), entry.numbers().offsets(), spec.bitwidth())) {
      problems.add(
          "offsets: expected those of a grid that is "
              + label(spec.symmetry())
              + ", found "
              + entry.numbers().offsets().stream().distinct().limit(3).toList());
    }
    long[] sizes = sizes(graph, node);
    if (!entry.division().fits(spec.granularity(), sizes)
        && !isSingle(spec, entry.division(), sizes)) {
      problems.add(
          "grids: expected "
              + Division.label(spec.granularity(), sizes)
              + ", found "
              + entry.division().label());
    }
    return problems;
  }

  /** Version 2.0.0 gives activations the codes that the export was asked for. */
  private boolean symmetric(QuantizerNode node, EncodingsEntry entry) {
    Boolean found = entry.symmetric();
    boolean said = version != EncodingsVersion.V2_0_0 || node.parameter();
    return found == null || !said || found == node.spec().symmetry().symmetric();
  }

  /** Version 0.6.1 has one way to write a tensor with one grid. */
  private static boolean isSingle(QuantizerSpec spec, Division division, long[] sizes) {
    return division.form() == Division.Form.SOME_PART
        && spec.granularity().count(sizes) == 1
        && division.dims().get(0) == 1;
  }

  /** The sizes of a constant; none for tensors that are computed. */
  static long[] sizes(Graph graph, QuantizerNode node) {
    Tensor constant = graph.initializers().get(node.input());
    return constant == null ? new long[0] : constant.sizes();
  }

  private static String label(Symmetry symmetry) {
    return (symmetry.strict() ? "strictly symmetric" : "symmetric")
        + (symmetry.unsignedIfPositive() ? ", or unsigned where no value is negative" : "");
  }
}
