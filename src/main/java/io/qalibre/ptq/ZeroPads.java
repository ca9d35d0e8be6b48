package io.qalibre.ptq;

import io.qalibre.graph.op.NodeContext;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** Pads that put zeros around channels: a factor for each channel leaves zeros as they are. */
final class ZeroPads {
  private ZeroPads() {}

  /**
   * Whether a Pad adds nothing but zeros, and neither adds nor takes away channels.
   *
   * @param c a Pad and what is known of it
   * @param axis the channels' axis, counted from 0
   */
  static boolean keepChannels(NodeContext c, int axis) {
    if (!c.attributes().text("mode", "constant").equals("constant") || !zero(c)) {
      return false;
    }
    int rank = c.shape(0).rank();
    Optional<long[]> pads = c.has(1) ? c.longs(1) : attribute(c);
    Optional<long[]> axes =
        c.has(3) ? c.longs(3) : Optional.of(LongStream.range(0, rank).toArray());
    if (pads.isEmpty() || axes.isEmpty()) {
      return false;
    }
    int count = axes.get().length;
    for (int i = 0; i < count; i++) {
      boolean pads0 = pads.get()[i] == 0 && pads.get()[count + i] == 0;
      if (Math.floorMod(axes.get()[i], rank) == axis && !pads0) {
        return false;
      }
    }
    return true;
  }

  /** Before opset 11, pads and their value were attributes. */
  private static Optional<long[]> attribute(NodeContext c) {
    return c.attributes()
        .integers("pads")
        .map(List::stream)
        .map(pads -> pads.mapToLong(Long::longValue).toArray());
  }

  private static boolean zero(NodeContext c) {
    return c.has(2)
        ? c.constant(2).filter(value -> value.floats()[0] == 0).isPresent()
        : c.attributes().number("value", 0) == 0;
  }
}
