package io.qalibre.config;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;

/**
 * Puts quantizers on a float graph as a runtime config says, in AIMET's order: defaults, params,
 * op_type, supergroups, model_input, model_output, passes, bits, channels, exceptions, ties, and
 * last the user's edits.
 *
 * <p>Every float tensor that could be quantized gets a quantizer node, the disabled ones too, with
 * the rules that decided; so a graph's quantizers are the whole record of what its config did. A
 * tensor {@code t} is read by its quantizer, which writes {@code t_qdq} for all that read {@code t}
 * before; where {@code t} is an output of the graph, its operator writes {@code t_raw} and the
 * quantizer {@code t}, so that outputs keep their names. A parameter of several operators has one
 * quantizer. Tied quantizers have one id and one spec.
 *
 * <p>Constants that say how to compute (a Clip's bounds, a Pad's value, a Dropout's ratio) have
 * quantizers as in AIMET, whose encodings go into its files, but the operators go on reading the
 * constants themselves; what a Resize reads beside its picture has none. A config can leave these
 * quantizers out, and the ties: {@code int8} does, see {@link RuntimeConfig.Deviations}.
 *
 * <p>Differences from AIMET: inputs of a Concat or Scatter whose own output is not quantized keep
 * their quantizers, where AIMET ties them to the disabled one; where it refuses two fixed ranges
 * that would have to be one, the quantizers are not tied.
 */
public final class Placement {
  private Placement() {}

  /**
   * The graph with quantizers.
   *
   * @param graph a graph without quantizers
   * @param config the target's rules
   * @param options the user's choices
   * @throws ConfigException if two rules of equal rank contradict each other
   * @throws io.qalibre.errors.UnknownNameException if an edit matches no quantizer
   * @throws QalibreException if the graph has quantizers already, or an edit's blocks do not divide
   *     a weight
   */
  public static Graph place(Graph graph, RuntimeConfig config, PlacementOptions options) {
    if (!graph.quantizers().isEmpty()) {
      throw new QalibreException(
          graph.name()
              + ": expected a network without quantizers, found "
              + graph.quantizers().size());
    }
    QuantizerTable table = new QuantizerTable(graph, config);
    new PlacementRules(config, table).apply();
    new GridRules(config, table, options).apply();
    new ExceptionRules(config, table).apply();
    if (config.deviations().tieQuantizers()) {
      new TieRules(config, table).apply();
    }
    new EditRules(table).apply(options.edits());
    return new Wiring(table, config, options).graph();
  }
}
