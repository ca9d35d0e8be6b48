package io.qalibre.config;

import io.qalibre.config.QuantizerState.Owner;
import io.qalibre.config.QuantizerState.Source;
import io.qalibre.config.RuntimeConfig.Constraint;
import io.qalibre.config.RuntimeConfig.OpType;
import io.qalibre.config.RuntimeConfig.Setting;
import io.qalibre.graph.OperatorNode;
import io.qalibre.quant.Bounds;
import io.qalibre.quant.Range;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rules that switch quantizers on and off and make them symmetric, in AIMET's order. */
final class PlacementRules {
  /** How far, of their width, bounds may lie off from evenly around zero. */
  private static final double EVEN = 1e-6;

  private final RuntimeConfig config;
  private final QuantizerTable table;

  PlacementRules(RuntimeConfig config, QuantizerTable table) {
    this.config = config;
    this.table = table;
  }

  void apply() {
    defaults();
    params(new Level(config), config.overrides().params());
    gridPreserving();
    opTypes(new Level(config));
    Fusions fusions = new Fusions(config, table);
    fusions.applySupergroups();
    boundary();
    fusions.applyPasses();
    new DecomposedGelus(config, table).apply();
    new FloatInputs(config, table).apply();
  }

  private void defaults() {
    Setting ops = config.defaults().ops();
    Setting params = config.defaults().params();
    for (QuantizerState state : table.all()) {
      boolean parameter = state.source == Source.PARAMETER;
      Setting setting = parameter ? params : ops;
      state.grid.symmetric = Boolean.TRUE.equals(setting.symmetric());
      if (setting.quantized() != null && (parameter || state.source == Source.OUTPUT)) {
        state.enable(setting.quantized(), parameter ? "defaults.params" : "defaults.ops");
      }
    }
  }

  private void params(Level level, Map<String, Setting> settings) {
    for (QuantizerState state : table.all()) {
      for (Owner owner : state.owners) {
        parameter(level, state, settings.get(owner.kind()), "params." + owner.kind());
      }
    }
  }

  private static void parameter(
      Level level, QuantizerState state, @Nullable Setting setting, String path) {
    if (setting != null) {
      level.enable(state, setting.quantized(), path + ".is_quantized");
      level.symmetric(state, setting.symmetric(), path + ".is_symmetric");
    }
  }

  /** An operator that the config names is left to the config. */
  private void gridPreserving() {
    boolean all = config.deviations().keepGrids();
    for (OperatorNode node : table.graph().operators()) {
      boolean preserves =
          all ? OperatorFamilies.handsValuesOn(node) : OperatorFamilies.preservesGrid(node);
      if (preserves && !config.overrides().opTypes().containsKey(node.type())) {
        table.outputs(node).forEach(state -> state.enable(false, "grid-preserving " + node.type()));
      }
    }
  }

  private void opTypes(Level level) {
    for (OperatorNode node : table.graph().operators()) {
      @Nullable OpType type = config.overrides().opTypes().get(node.type());
      if (type != null) {
        tensors(level, node, type.tensors());
        constrain(node, type.constraint());
      }
    }
    for (QuantizerState state : table.all()) {
      for (Owner owner : state.owners) {
        @Nullable OpType type = config.overrides().opTypes().get(owner.type());
        if (type != null) {
          String path = "op_type." + owner.type() + ".params." + owner.kind();
          parameter(level, state, type.params().get(owner.kind()), path);
        }
      }
    }
  }

  private void tensors(Level level, OperatorNode node, RuntimeConfig.Tensors tensors) {
    String path = "op_type." + node.type();
    for (QuantizerState state : table.inputs(node)) {
      level.enable(state, tensors.inputQuantized(), path + ".is_input_quantized");
      level.symmetric(state, tensors.symmetric(), path + ".is_symmetric");
    }
    for (QuantizerState state : table.outputs(node)) {
      level.enable(state, tensors.outputQuantized(), path + ".is_output_quantized");
      level.symmetric(state, tensors.symmetric(), path + ".is_symmetric");
    }
  }

  /** Bounds that lie evenly around zero ask for a symmetric grid as well. */
  private void constrain(OperatorNode node, @Nullable Constraint constraint) {
    if (constraint == null) {
      return;
    }
    Bounds bounds = new Bounds(constraint.min(), constraint.max());
    Range range = bounds.range();
    boolean even =
        range != null && Math.abs(range.min() + range.max()) <= EVEN * (range.max() - range.min());
    for (QuantizerState state : table.outputs(node)) {
      state.grid.bounds = bounds;
      state.grid.symmetric |= even;
      state.grid.constraint = "op_type." + node.type() + ".encoding_constraints";
    }
  }

  private void boundary() {
    for (QuantizerState state : table.all()) {
      boolean entry = state.source == Source.INPUT || state.source == Source.CONSTANT;
      if (entry && config.overrides().boundary().inputQuantized()) {
        state.enable(true, "model_input");
      }
      if (!state.parameter()
          && config.overrides().boundary().outputQuantized()
          && table.graph().isOutput(state.tensor)) {
        state.enable(true, "model_output");
      }
    }
  }
}
