package io.qalibre.config;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;

/**
 * Puts quantizers on a float graph as a runtime config says, in AIMET's order: defaults, params,
 * op_type, supergroups, model_input, model_output, bits, channels, passes, exceptions, and last the
 * user's edits.
 *
 * <p>Every float tensor that could be quantized gets a quantizer node, the disabled ones too, with
 * the rule that decided last; so a graph's quantizers are the whole record of what its config did.
 * A tensor {@code t} is read by its quantizer, which writes {@code t_qdq} for all that read {@code
 * t} before; where {@code t} is an output of the graph, its operator writes {@code t_raw} and the
 * quantizer {@code t}, so that outputs keep their names. A parameter of several operators has one
 * quantizer.
 *
 * <p>Differences from AIMET: bounds and sizes (the second and further inputs of Clip, Dropout, Pad
 * and Resize) have no quantizer, since the operators need them as constants, where AIMET quantizes
 * Clip's bounds under {@code model_input}; a supergroup's Clip has to begin at zero; outputs of
 * GlobalMaxPool, which hold only values of their inputs, are not quantized; quantizers of different
 * tensors are never tied.
 */
public final class Placement {
  private Placement() {}

  /**
   * The graph with quantizers.
   *
   * @param graph a graph without quantizers
   * @param config the target's rules
   * @param options the user's choices
   * @throws ConfigException if two rules of equal rank contradict each other, or a rule that is not
   *     supported yet would change the result
   * @throws io.qalibre.errors.UnknownNameException if an edit matches no quantizer
   * @throws QalibreException if the graph has quantizers already
   */
  public static Graph place(Graph graph, RuntimeConfig config, PlacementOptions options) {
    if (!graph.quantizers().isEmpty()) {
      throw new QalibreException(
          graph.name()
              + ": expected a network without quantizers, found "
              + graph.quantizers().size());
    }
    QuantizerTable table = new QuantizerTable(graph);
    new PlacementRules(config, table).apply();
    GridRules grids = new GridRules(config, table, options);
    grids.apply();
    new EditRules(table).apply(options.edits());
    grids.requireWholeConstraints();
    return new Wiring(table, config, options).graph();
  }
}
