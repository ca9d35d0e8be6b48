package io.qalibre.config;

import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.quant.Bounds;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
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
   * @param node the node
   * @param kind the config's word for the parameter; empty for activations
   * @param channelAxis the axis of the channels; for activations per tensor
   */
  record Owner(OperatorNode node, String kind, int channelAxis) {
    static Owner of(OperatorNode node) {
      return new Owner(node, "", Granularity.NO_AXIS);
    }
  }

  final String tensor;
  final Source source;
  final List<Owner> owners = new ArrayList<>();
  Kind kind;
  boolean symmetric;
  int bitwidth;
  int axis = Granularity.NO_AXIS;
  Bounds bounds = Bounds.NONE;
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

  String operator() {
    return owners.isEmpty() ? "input" : owners.get(0).node().type();
  }

  QuantizerPlacement placement() {
    return new QuantizerPlacement(kind, operator(), enabled, rule);
  }

  QuantizerSpec spec(QuantScheme scheme, RuntimeConfig.Grids grids) {
    Symmetry symmetry = Symmetry.of(symmetric, grids.strict(), grids.unsigned());
    return new QuantizerSpec(
        NumberFormat.integer(bitwidth), scheme, symmetry, Granularity.ofAxis(axis), bounds);
  }
}
