package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Finds the grids that {@link QdqForm#SIGNED} cannot hold, and says what to do about them. */
final class SignedCodes {
  private final Simulation simulation;
  private final List<String> problems = new ArrayList<>();
  private final Set<String> remedies = new LinkedHashSet<>();

  private SignedCodes(Simulation simulation) {
    this.simulation = simulation;
    simulation.graph().quantizers().stream()
        .filter(node -> !node.spec().format().floating() && !BiasPlan.isBias(node))
        .forEach(this::check);
  }

  /**
   * Checks that the codes of all quantizers, counted from zero, fit into signed types.
   *
   * @param simulation a graph whose quantizers are all enabled and have {@link CodeType#MOST_BITS}
   *     bits at most
   * @throws QalibreException if some do not fit; the message lists their tensors
   */
  static void require(Simulation simulation) {
    SignedCodes codes = new SignedCodes(simulation);
    if (!codes.problems.isEmpty()) {
      throw new QalibreException(
          "QdqForm.SIGNED: expected codes that fit into signed types with zero points 0, found\n  "
              + String.join("\n  ", codes.problems)
              + "\n"
              + String.join("\n", codes.remedies));
    }
  }

  private void check(QuantizerNode node) {
    TensorEncoding encoding = simulation.encoding(node.id());
    boolean computed = !simulation.graph().isInitializer(node.input());
    CodeType type =
        computed
            ? QdqForm.SIGNED.computed(encoding.bitwidth())
            : CodeType.holding(encoding.bitwidth(), true);
    Optional<Encoding> misfit =
        encoding.grids().stream().filter(grid -> !type.fits(grid)).findFirst();
    misfit.ifPresent(
        grid -> {
          problems.add(
              "`%s`: codes %d … %d in %s, which has %d … %d"
                  .formatted(
                      node.tensor(),
                      grid.offset(),
                      grid.offset() + grid.steps(),
                      type.name().toLowerCase(Locale.ROOT),
                      -type.middle(),
                      type.steps() - type.middle()));
          remedies.add(remedy(node, grid));
        });
  }

  private static String remedy(QuantizerNode node, Encoding grid) {
    return grid.symmetric()
        ? "symmetric grids of codes from 0 on: the config's unsigned_symmetric has to be \"False\""
        : "asymmetric grids: quantize symmetrically, QuantConfig…withSymmetric(\"%s\", true)"
            .formatted(node.placement().kind().name().toLowerCase(Locale.ROOT));
  }
}
