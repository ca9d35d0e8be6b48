package io.qalibre.config;

import io.qalibre.config.QuantizerState.Owner;
import io.qalibre.config.RuntimeConfig.OpType;
import io.qalibre.config.RuntimeConfig.Setting;
import io.qalibre.graph.OperatorNode;
import io.qalibre.quant.Granularity;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The rules for the grids: bits, channels, and the symmetry of weights that are computed. */
final class GridRules {
  /** The operators whose second input is a weight, computed or not. */
  private static final Set<String> WEIGHTED = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");

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
      PlacementOptions.Tensors choice =
          state.parameter() ? options.parameters() : options.activations();
      state.grid.bitwidth = choice.bits();
      state.grid.scheme = choice.scheme();
      if (state.parameter()) {
        state.grid.granularity = Granularity.ofAxis(axis(state));
      }
    }
    EffectiveQuantizers effective = new EffectiveQuantizers(table, config);
    table.graph().operators().forEach(node -> dynamicWeight(node, effective));
  }

  /** The channel axis that all operators with the parameter ask for, else per tensor. */
  private int axis(QuantizerState state) {
    Set<Integer> axes = new HashSet<>();
    for (Owner owner : state.owners) {
      if (!owner.kind().isEmpty()) {
        axes.add(perChannel(owner.type()) ? owner.channelAxis() : Granularity.NO_AXIS);
      }
    }
    return axes.size() == 1 ? axes.iterator().next() : Granularity.NO_AXIS;
  }

  private boolean perChannel(String operator) {
    @Nullable OpType type = config.overrides().opTypes().get(operator);
    @Nullable Boolean own = type == null ? null : type.perChannel();
    return own == null ? config.defaults().perChannel() : own;
  }

  /** A weight that is computed is an activation, but as symmetric as a stored one. */
  private void dynamicWeight(OperatorNode node, EffectiveQuantizers effective) {
    if (!WEIGHTED.contains(node.type())
        || !node.hasInput(1)
        || table.graph().isInitializer(node.input(1))) {
      return;
    }
    boolean symmetric = symmetricWeight(node.type());
    effective
        .of(node.input(1))
        .filter(state -> state.grid.symmetric != symmetric)
        .ifPresent(
            state -> {
              state.grid.symmetric = symmetric;
              state.note((symmetric ? "" : "a") + "symmetric as the weight of " + node.type());
            });
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
}
