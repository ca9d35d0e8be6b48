package io.qalibre.config;

import io.qalibre.config.QuantizerState.Owner;
import io.qalibre.config.RuntimeConfig.Constraint;
import io.qalibre.config.RuntimeConfig.OpType;
import io.qalibre.config.RuntimeConfig.Setting;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.op.ParameterSlot;
import io.qalibre.quant.Bounds;
import io.qalibre.quant.Granularity;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The rules for the grids: bits, channels, fixed ranges, and AIMET's exceptions for operators. */
final class GridRules {
  /** What AIMET gives every bias. */
  private static final int BIAS_BITS = 32;

  /** The fewest bits of a normalization's parameters. */
  private static final int NORM_BITS = 8;

  /** From so many bits on a batch normalization's weight is symmetric. */
  private static final int SYMMETRIC_NORM_BITS = 16;

  private static final Set<String> EIGHT_BIT_HARDWARE = Set.of("V66", "V68", "V69");

  private final RuntimeConfig config;
  private final QuantizerTable table;
  private final PlacementOptions options;

  GridRules(RuntimeConfig config, QuantizerTable table, PlacementOptions options) {
    this.config = config;
    this.table = table;
    this.options = options;
  }

  void apply() {
    for (QuantizerState state : table.all()) {
      state.bitwidth =
          switch (state.kind) {
            case ACTIVATION -> options.activationBits();
            case WEIGHT -> options.parameterBits();
            case BIAS -> BIAS_BITS;
          };
      if (state.parameter()) {
        state.axis = axis(state);
      }
    }
    for (OperatorNode node : table.graph().operators()) {
      dynamicWeight(node);
      @Nullable OpType type = config.overrides().opTypes().get(node.type());
      if (type != null && type.constraint() != null) {
        constrain(node, type.constraint());
      }
    }
    table.all().forEach(this::batchNorm);
  }

  /** The channel axis that all operators with the parameter ask for, else per tensor. */
  private int axis(QuantizerState state) {
    Set<Integer> axes = new HashSet<>();
    for (Owner owner : state.owners) {
      if (!owner.kind().isEmpty()) {
        axes.add(perChannel(owner.node()) ? owner.channelAxis() : Granularity.NO_AXIS);
      }
    }
    return axes.size() == 1 ? axes.iterator().next() : Granularity.NO_AXIS;
  }

  private boolean perChannel(OperatorNode node) {
    // A grouped ConvTranspose spreads an output channel over two axes of its weight.
    if (node.type().equals("ConvTranspose") && node.attributes().integer("group", 1) != 1) {
      return false;
    }
    @Nullable OpType type = config.overrides().opTypes().get(node.type());
    @Nullable Boolean own = type == null ? null : type.perChannel();
    return own == null ? config.defaults().perChannel() : own;
  }

  /** A weight that is computed is an activation, but as symmetric as a stored one. */
  private void dynamicWeight(OperatorNode node) {
    for (Map.Entry<Integer, ParameterSlot> slot : OperatorFamilies.parameters(node).entrySet()) {
      int input = slot.getKey();
      if (slot.getValue().kind().equals("weight")
          && !node.type().endsWith("Normalization")
          && node.hasInput(input)
          && !table.graph().isInitializer(node.input(input))) {
        requireNoHardwareRule(node);
        boolean symmetric = symmetricWeight(node.type());
        table.get(node.input(input)).ifPresent(state -> state.symmetric = symmetric);
      }
    }
  }

  private void requireNoHardwareRule(OperatorNode node) {
    if (node.type().equals("MatMul") && config.defaults().target().hwVersion() != null) {
      throw new ConfigException(
          config.name(),
          "$.defaults.hw_version",
          "the hardware's rule for MatMul of two computed tensors (node `"
              + node.name()
              + "`) is not supported yet");
    }
  }

  private boolean symmetricWeight(String operator) {
    boolean symmetric = Boolean.TRUE.equals(config.defaults().params().symmetric());
    symmetric = override(config.overrides().params(), symmetric);
    @Nullable OpType type = config.overrides().opTypes().get(operator);
    return type == null ? symmetric : override(type.params(), symmetric);
  }

  private static boolean override(Map<String, Setting> params, boolean symmetric) {
    @Nullable Setting weight = params.get("weight");
    @Nullable Boolean own = weight == null ? null : weight.symmetric();
    return own == null ? symmetric : own;
  }

  private void constrain(OperatorNode node, Constraint constraint) {
    Double min = constraint.min();
    Double max = constraint.max();
    for (QuantizerState state : table.outputs(node)) {
      if (min != null && max != null) {
        state.bounds = Bounds.of(min, max);
        state.symmetric |= Math.abs(min + max) <= 1e-6 * (max - min);
      }
    }
  }

  private void batchNorm(QuantizerState state) {
    boolean weight =
        state.kind == Kind.WEIGHT
            && state.owners.stream()
                .anyMatch(
                    o -> o.node().type().equals("BatchNormalization") && o.kind().equals("weight"));
    if (weight) {
      @Nullable String hardware = config.defaults().target().hwVersion();
      boolean eight =
          hardware != null && EIGHT_BIT_HARDWARE.contains(hardware.toUpperCase(Locale.ROOT));
      state.bitwidth = eight ? NORM_BITS : Math.max(NORM_BITS, state.bitwidth);
      state.symmetric = state.bitwidth >= SYMMETRIC_NORM_BITS;
    }
  }

  /**
   * Checks, after all else, that no quantizer would need a range of which one end only is fixed.
   *
   * @throws ConfigException if one does
   */
  void requireWholeConstraints() {
    for (OperatorNode node : table.graph().operators()) {
      @Nullable OpType type = config.overrides().opTypes().get(node.type());
      Constraint constraint = type == null ? null : type.constraint();
      if (constraint == null || (constraint.min() != null && constraint.max() != null)) {
        continue;
      }
      if (table.outputs(node).stream().anyMatch(QuantizerState::enabled)) {
        throw new ConfigException(
            config.name(),
            "$.op_type." + node.type() + ".encoding_constraints",
            "a range with one fixed end (node `"
                + node.name()
                + "`) is not supported yet; expected both `min` and `max`");
      }
    }
  }
}
