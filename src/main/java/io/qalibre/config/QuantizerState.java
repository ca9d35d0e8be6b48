package io.qalibre.config;

import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.quant.Granularity;
import java.util.ArrayList;
import java.util.List;

/** A quantizer while the rules decide about it. Lives only inside one placement. */
final class QuantizerState {
  /** Where a quantizer's tensor comes from. */
  enum Source {
    INPUT,
    CONSTANT,
    OUTPUT,
    PARAMETER
  }

  /**
   * A node that a quantizer belongs to: the one that writes its tensor or, for parameters and
   * constants, one that reads it.
   *
   * @param node the node; for a parameter of a normalization written out in single operators, the
   *     last of them
   * @param type the operator that the config's rules see
   * @param kind the config's word for the parameter; empty for activations
   * @param channelAxis the axis of the channels; for activations per tensor
   */
  record Owner(OperatorNode node, String type, String kind, int channelAxis) {
    static Owner of(OperatorNode node) {
      return new Owner(node, node.type(), "", Granularity.NO_AXIS);
    }
  }

  /** What stands for an operator where the network's input is meant. */
  static final String INPUT = "input";

  final String tensor;
  final Source source;
  final List<Owner> owners = new ArrayList<>();
  Kind kind;
  QuantizerGrid grid = new QuantizerGrid();
  private boolean enabled;
  private String rule;

  QuantizerState(String tensor, Source source, Kind kind, String rule) {
    this.tensor = tensor;
    this.source = source;
    this.kind = kind;
    this.rule = rule;
  }

  boolean enabled() {
    return enabled;
  }

  boolean parameter() {
    return kind != Kind.ACTIVATION;
  }

  void enable(boolean on, String because) {
    enabled = on;
    rule = because;
  }

  /** Notes a rule that changed something else than whether the quantizer is on. */
  void note(String because) {
    rule = rule + "; " + because;
  }

  /** The operator it belongs to; a constant that nothing reads belongs to none. */
  String operator() {
    if (owners.isEmpty()) {
      return source == Source.INPUT ? INPUT : "Constant";
    }
    return owners.get(0).type();
  }

  /**
   * What the graph keeps of the rules.
   *
   * @param tie what the quantizer is tied to, or an empty text
   */
  QuantizerPlacement placement(String tie) {
    StringBuilder text = new StringBuilder(rule);
    if (enabled && grid.bounds.any()) {
      text.append("; ").append(grid.constraint);
    }
    if (!tie.isEmpty()) {
      text.append("; ").append(tie);
    }
    return new QuantizerPlacement(kind, operator(), enabled, text.toString());
  }
}
