package io.qalibre.config;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Settings of equal rank. Two of them must not disagree about a quantizer; a later level overrides
 * silently.
 */
final class Level {
  private final RuntimeConfig config;
  private final Map<String, Setting> made = new HashMap<>();

  Level(RuntimeConfig config) {
    this.config = config;
  }

  /** Switches a quantizer, where the config says so. */
  void enable(QuantizerState state, @Nullable Boolean on, String path) {
    if (on != null) {
      check(state, "quantized", on, path);
      state.enable(on, path);
    }
  }

  /** Makes a quantizer symmetric or asymmetric, where the config says so. */
  void symmetric(QuantizerState state, @Nullable Boolean symmetric, String path) {
    if (symmetric != null) {
      check(state, "symmetric", symmetric, path);
      state.grid.symmetric = symmetric;
    }
  }

  private void check(QuantizerState state, String what, boolean value, String path) {
    Setting before =
        Objects.requireNonNullElse(
            made.putIfAbsent(state.tensor + "\n" + what, new Setting(value, path)),
            new Setting(value, path));
    if (before.value != value) {
      throw new ConfigException(
          config.name(),
          "$." + path,
          "conflicting settings: tensor `"
              + state.tensor
              + "` would be "
              + what
              + " by one of this and $."
              + before.path
              + " and not by the other");
    }
  }

  private record Setting(boolean value, String path) {}
}
