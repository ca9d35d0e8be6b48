package io.qalibre.config;

import io.qalibre.config.QuantizerState.Owner;
import io.qalibre.graph.OperatorNode;
import io.qalibre.quant.Granularity;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * AIMET's exceptions for single operators, which come after all that a config says.
 *
 * <ul>
 *   <li>Parameters of normalizations have at least 8 bits. Those of a group, instance or RMS
 *       normalization follow its output in bits and symmetry; those of a layer or batch
 *       normalization are symmetric from 16 bits on, and have 8 on Qualcomm's processors before
 *       V73.
 *   <li>Where a MatMul multiplies two computed tensors and the config names the hardware, the
 *       second one is symmetric with 8 bits before V73; later a second one of 16 bits is symmetric
 *       and gives the first one 16 bits as well.
 *   <li>A grouped ConvTranspose spreads an output channel over two axes of its weight, which
 *       therefore has one grid.
 * </ul>
 */
final class ExceptionRules {
  private static final int NORM_BITS = 8;
  private static final int WIDE_BITS = 16;
  private static final Set<String> EIGHT_BIT_HARDWARE = Set.of("V66", "V68", "V69");
  private static final Set<String> LIKE_THEIR_OUTPUT =
      Set.of("GroupNormalization", "InstanceNormalization", "RMSNormalization");
  private static final Set<String> BY_BITS = Set.of("LayerNormalization", "BatchNormalization");

  private final QuantizerTable table;
  private final EffectiveQuantizers effective;
  private final @Nullable String hardware;

  ExceptionRules(RuntimeConfig config, QuantizerTable table) {
    this.table = table;
    effective = new EffectiveQuantizers(table, config);
    @Nullable String version = config.defaults().target().hwVersion();
    hardware = version == null ? null : version.toUpperCase(Locale.ROOT);
  }

  void apply() {
    for (QuantizerState state : table.all()) {
      for (Owner owner : state.owners) {
        if (!owner.kind().isEmpty() && state.enabled()) {
          parameter(state, owner);
        }
      }
    }
    table.graph().operators().stream()
        .filter(node -> node.type().equals("MatMul"))
        .forEach(this::product);
  }

  private void parameter(QuantizerState state, Owner owner) {
    if (LIKE_THEIR_OUTPUT.contains(owner.type())) {
      Optional<QuantizerState> output =
          table.get(owner.node().output()).filter(QuantizerState::enabled);
      int bits = output.map(o -> o.grid.bitwidth).orElse(atLeastEight(state));
      change(state, bits, output.map(o -> o.grid.symmetric).orElse(false), owner.type());
    } else if (BY_BITS.contains(owner.type())) {
      int bits = beforeV73() ? NORM_BITS : atLeastEight(state);
      change(state, bits, bits >= WIDE_BITS, owner.type());
    } else if (owner.type().equals("ConvTranspose")
        && owner.kind().equals("weight")
        && owner.node().attributes().integer("group", 1) != 1
        && state.grid.granularity.axis() != Granularity.NO_AXIS) {
      state.grid.granularity = Granularity.PER_TENSOR;
      state.note("exception for grouped ConvTranspose");
    }
  }

  private static int atLeastEight(QuantizerState state) {
    return Math.max(NORM_BITS, state.grid.bitwidth);
  }

  private boolean beforeV73() {
    return hardware != null && EIGHT_BIT_HARDWARE.contains(hardware);
  }

  private void product(OperatorNode node) {
    QuantizerState first = effective.of(node.input(0)).orElse(null);
    QuantizerState second = effective.of(node.input(1)).orElse(null);
    if (hardware == null
        || first == null
        || second == null
        || table.graph().isInitializer(node.input(1))) {
      return;
    }
    String operator = "MatMul on " + hardware;
    if (beforeV73()) {
      change(second, NORM_BITS, true, operator);
    } else if (second.grid.bitwidth == WIDE_BITS) {
      change(second, WIDE_BITS, true, operator);
      change(first, WIDE_BITS, first.grid.symmetric, operator);
    }
  }

  private static void change(QuantizerState state, int bits, boolean symmetric, String operator) {
    if (state.grid.bitwidth != bits || state.grid.symmetric != symmetric) {
      state.grid.bitwidth = bits;
      state.grid.symmetric = symmetric;
      state.note("exception for " + operator);
    }
  }
}
