package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.recurrent.RNN;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Recurrent layers: one ONNX operator a layer, both directions of it at once. */
final class RecurrentCalls {
  private RecurrentCalls() {}

  static void addTo(CallTable calls) {
    calls.addSeveral("rnn", RecurrentCalls::rnn);
    calls.addSeveral(
        "gru",
        // DJL multiplies by the reset gate after the matrix product.
        c -> new Stack(c, Gates.GRU, AttributeList.of("linear_before_reset", 1L)).record());
    calls.addSeveral("lstm", c -> new Stack(c, Gates.LSTM, Map.of()).record());
  }

  private static List<String> rnn(TracedCall c) {
    String activation =
        c.argument(5, RNN.Activation.class) == RNN.Activation.RELU ? "Relu" : "Tanh";
    int directions = c.flag(8) ? 2 : 1;
    List<String> activations = Collections.nCopies(directions, activation);
    return new Stack(c, Gates.RNN, AttributeList.of("activations", activations)).record();
  }

  /** The layers of one call. */
  private static final class Stack {
    private final TracedCall c;
    private final Trace trace;
    private final Gates gates;
    private final Map<String, Object> attributes;
    private final NDList weights;
    private final boolean biases;
    private final int layers;
    private final float dropRate;
    private final int directions;
    private final boolean batchFirst;

    /** The arguments after the weights are alike in all three calls, but for RNN's activation. */
    Stack(TracedCall c, Gates gates, Map<String, Object> attributes) {
      this.c = c;
      this.trace = c.trace();
      this.gates = gates;
      this.attributes = attributes;
      int next = gates == Gates.RNN ? 6 : 5;
      weights = c.argument(2, NDList.class);
      biases = c.flag(3);
      layers = c.argument(4, Integer.class);
      dropRate = c.number(next);
      directions = c.flag(next + 2) ? 2 : 1;
      batchFirst = c.flag(next + 3);
    }

    /** Output, last hidden state, and of an LSTM the last cell state. */
    List<String> record() {
      String prefix = gates.type().toLowerCase(java.util.Locale.ROOT);
      String data = c.tensor(0, prefix);
      List<List<String>> states = List.of(new ArrayList<>(), new ArrayList<>());
      if (batchFirst) {
        data = transposed(trace.next("transpose"), data, List.of(1L, 0L, 2L));
      }
      for (int layer = 0; layer < layers; layer++) {
        String node = trace.next(prefix);
        List<String> outputs = new ArrayList<>();
        outputs.add(node);
        for (int i = 0; i < gates.states(); i++) {
          outputs.add(node + (i == 0 ? ".hidden" : ".cell"));
          states.get(i).add(outputs.get(i + 1));
        }
        Attributes all = new Attributes(attributes(layer));
        trace.node(new OperatorNode(node, gates.type(), reads(node, data, layer), outputs, all));
        boolean last = layer == layers - 1;
        data = joined(node, last && batchFirst);
        data = last ? data : LayerCalls.dropout(trace, data, dropRate);
      }
      List<String> results = new ArrayList<>(List.of(data));
      for (int i = 0; i < gates.states(); i++) {
        results.add(stacked(prefix, states.get(i)));
      }
      return results;
    }

    private Map<String, Object> attributes(int layer) {
      NDArray recurrence = weight(layer, 0, 1);
      Map<String, Object> all =
          AttributeList.of(
              "hidden_size",
              recurrence.getShape().get(1),
              "direction",
              directions == 2 ? "bidirectional" : "forward");
      all.putAll(attributes);
      return all;
    }

    /** The engine takes for each layer and direction the weights W and R, then their biases. */
    private NDArray weight(int layer, int direction, int which) {
      int each = biases ? 4 : 2;
      return weights.get((layer * directions + direction) * each + which);
    }

    private List<String> reads(String node, String data, int layer) {
      List<String> reads = new ArrayList<>(List.of(data));
      reads.add(trace.constant(node + ".weight", gathered(layer, 0)));
      reads.add(trace.constant(node + ".recurrence", gathered(layer, 1)));
      reads.add(biases ? trace.constant(node + ".bias", biases(layer)) : "");
      reads.add("");
      for (int i = 0; i < gates.states(); i++) {
        reads.add(initial(node, i, layer));
      }
      while (reads.get(reads.size() - 1).isEmpty()) {
        reads.remove(reads.size() - 1);
      }
      return reads;
    }

    private Tensor gathered(int layer, int which) {
      List<NDArray> parts = new ArrayList<>();
      for (int direction = 0; direction < directions; direction++) {
        parts.add(weight(layer, direction, which));
      }
      return gates.gathered(parts, directions);
    }

    private Tensor biases(int layer) {
      List<NDArray> parts = new ArrayList<>();
      for (int direction = 0; direction < directions; direction++) {
        parts.add(weight(layer, direction, 2));
        parts.add(weight(layer, direction, 3));
      }
      return gates.gathered(parts, directions);
    }

    /** A layer's part of an initial state; nothing where the block starts from zeros. */
    private String initial(String node, int index, int layer) {
      NDArray state =
          c.is(1, NDList.class)
              ? c.argument(1, NDList.class).get(index)
              : c.argument(1, NDArray.class);
      if (!trace.live(state) && state.countNonzero().getLong() == 0) {
        return "";
      }
      String tensor = trace.tensor(state, node);
      if (layers == 1) {
        return tensor;
      }
      String slice = node + (index == 0 ? ".hidden0" : ".cell0");
      long start = (long) layer * directions;
      List<String> reads =
          List.of(
              tensor,
              c.integers(slice + ".start", List.of(start)),
              c.integers(slice + ".end", List.of(start + directions)),
              c.integers(slice + ".axis", List.of(0L)));
      return trace.node(slice, "Slice", reads, Map.of());
    }

    /** From time × directions × batch × state to time × batch × all states, or batch first. */
    private String joined(String node, boolean toBatchFirst) {
      if (directions == 1) {
        String squeezed = node + ".squeezed";
        String axes = c.integers(squeezed + ".axes", List.of(1L));
        trace.node(squeezed, "Squeeze", List.of(node, axes), Map.of());
        return toBatchFirst
            ? transposed(trace.next("transpose"), squeezed, List.of(1L, 0L, 2L))
            : squeezed;
      }
      List<Long> order = toBatchFirst ? List.of(2L, 0L, 1L, 3L) : List.of(0L, 2L, 1L, 3L);
      String ordered = transposed(trace.next("transpose"), node, order);
      String reshape = trace.next("reshape");
      String sizes = c.integers(reshape + ".shape", List.of(0L, 0L, -1L));
      return trace.node(reshape, "Reshape", List.of(ordered, sizes), Map.of());
    }

    private String transposed(String node, String tensor, List<Long> order) {
      return trace.node(node, "Transpose", List.of(tensor), Map.of("perm", order));
    }

    private String stacked(String prefix, List<String> states) {
      return states.size() == 1
          ? states.get(0)
          : trace.node(trace.next(prefix + "states"), "Concat", states, Map.of("axis", 0L));
    }
  }
}
