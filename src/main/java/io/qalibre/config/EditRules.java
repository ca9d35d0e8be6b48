package io.qalibre.config;

import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.quant.Granularity;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Applies the user's edits. */
final class EditRules {
  private final QuantizerTable table;
  private final QuantizerPatterns patterns;
  private final WeightBlocks blocks;

  EditRules(QuantizerTable table) {
    this.table = table;
    patterns = new QuantizerPatterns(table);
    blocks = new WeightBlocks(table.graph());
  }

  /**
   * Applies the edits in order.
   *
   * @throws UnknownNameException if one matches nothing
   * @throws QalibreException if blocks do not divide a weight, or a quantizer in blocks of whole
   *     multiples is made asymmetric
   */
  void apply(List<QuantizerEdit> edits) {
    for (QuantizerEdit edit : edits) {
      List<QuantizerState> matching = patterns.matching(edit.pattern());
      if (edit instanceof QuantizerEdit.Disable) {
        matching.forEach(state -> state.enable(false, "user: " + edit));
      } else if (edit instanceof QuantizerEdit.Blocks sizes) {
        blocks(sizes, matching);
      } else {
        tied(matching).forEach(state -> change(edit, state));
      }
    }
  }

  /** The same quantizers and those that have a grid with one of them. */
  private Set<QuantizerState> tied(List<QuantizerState> states) {
    Set<QuantizerState> all = new LinkedHashSet<>(states);
    for (QuantizerState other : table.all()) {
      if (other.enabled() && states.stream().anyMatch(s -> s.enabled() && s.grid == other.grid)) {
        all.add(other);
      }
    }
    return all;
  }

  private static void change(QuantizerEdit edit, QuantizerState state) {
    if (edit instanceof QuantizerEdit.Bits bits) {
      state.grid.bitwidth = bits.bitwidth();
      state.grid.floating = false;
    } else if (edit instanceof QuantizerEdit.Symmetric symmetric) {
      requireSymmetricMultiples(state, symmetric);
      state.grid.symmetric = symmetric.symmetric();
    } else if (edit instanceof QuantizerEdit.Scheme scheme) {
      state.grid.scheme = scheme.scheme();
    } else if (edit instanceof QuantizerEdit.PerTensor) {
      state.grid.granularity = Granularity.PER_TENSOR;
    } else if (edit instanceof QuantizerEdit.Float16) {
      state.grid.floating = true;
    }
    state.note("user: " + edit);
  }

  private static void requireSymmetricMultiples(
      QuantizerState state, QuantizerEdit.Symmetric edit) {
    if (!edit.symmetric()
        && state.grid.granularity instanceof Granularity.PerBlock blocks
        && blocks.scaleBits() > 0) {
      throw new QalibreException(
          "weight `"
              + state.tensor
              + "` in blocks whose scales are whole multiples: expected symmetric grids, found `"
              + edit
              + "`");
    }
  }

  private void blocks(QuantizerEdit.Blocks edit, List<QuantizerState> matching) {
    List<QuantizerState> weights = matching.stream().filter(blocks::divisible).toList();
    if (weights.isEmpty()) {
      throw new UnknownNameException(
          "weight of a Conv, ConvTranspose, Gemm or MatMul",
          edit.pattern(),
          table.graph().name(),
          table.all().stream().filter(blocks::divisible).map(state -> state.tensor).toList());
    }
    for (QuantizerState weight : weights) {
      weight.grid.granularity = blocks.of(weight, edit);
      weight.grid.bitwidth = edit.bitwidth();
      weight.grid.floating = false;
      weight.grid.symmetric = true;
      weight.note("user: " + edit);
    }
  }
}
