package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** LSTM, GRU and RNN: a loop over time for each direction, written by {@link RecurrentScript}. */
final class RecurrentOperators {
  static final List<Operator> ALL = List.of(entry("RNN"), entry("GRU"), entry("LSTM"));

  private RecurrentOperators() {}

  private static Operator entry(String type) {
    return Operator.named(type)
        .fresh()
        .shapes(RecurrentOperators::shapes)
        .codes(RecurrentOperators::codes)
        .macs(RecurrentOperators::macs)
        .parameter(1, ParameterSlot.weight(node -> 1))
        .parameter(2, ParameterSlot.weight(node -> 1))
        .parameter(3, ParameterSlot.vector("bias"))
        .build();
  }

  private static boolean lstm(NodeContext c) {
    return c.node().type().equals("LSTM");
  }

  /** The gates, each with weights of its own. */
  private static int gates(NodeContext c) {
    return switch (c.node().type()) {
      case "LSTM" -> 4;
      case "GRU" -> 3;
      default -> 1;
    };
  }

  /** Whether the batch is the first axis rather than the second. */
  private static boolean batchFirst(NodeContext c) {
    return c.attributes().flag("layout", false);
  }

  private static List<Boolean> reversed(NodeContext c) {
    String direction = c.attributes().text("direction", "forward");
    return switch (direction) {
      case "forward" -> List.of(false);
      case "reverse" -> List.of(true);
      case "bidirectional" -> List.of(false, true);
      default ->
          throw c.error(
              "attribute `direction`: expected forward, reverse or bidirectional, found "
                  + direction);
    };
  }

  /** The size of the state: that of the recurrent weights. */
  private static long hidden(NodeContext c) {
    TensorShape weights = c.shape(2);
    if (weights.rank() != 3 || !weights.dim(2).known()) {
      throw c.error("expected recurrent weights of three known sizes, found " + weights);
    }
    return weights.dim(2).size();
  }

  private static List<TensorShape> shapes(ShapeContext c) {
    TensorShape x = c.shape(0);
    if (x.rank() != 3) {
      throw c.error("expected an input of rank 3, found " + x);
    }
    long hidden = hidden(c);
    int directions = reversed(c).size();
    requireShape(c, 1, Dim.of(directions), Dim.of(gates(c) * hidden), x.dim(2));
    requireShape(c, 2, Dim.of(directions), Dim.of(gates(c) * hidden), Dim.of(hidden));
    if (c.has(3)) {
      requireShape(c, 3, Dim.of(directions), Dim.of(2 * gates(c) * hidden));
    }
    if (c.has(7)) {
      requireShape(c, 7, Dim.of(directions), Dim.of(3 * hidden));
    }
    Dim batch = x.dim(batchFirst(c) ? 0 : 1);
    Dim time = x.dim(batchFirst(c) ? 1 : 0);
    Dim ways = Dim.of(directions);
    Dim units = Dim.of(hidden);
    TensorShape all =
        batchFirst(c)
            ? TensorShape.of(batch, time, ways, units)
            : TensorShape.of(time, ways, batch, units);
    TensorShape last =
        batchFirst(c) ? TensorShape.of(batch, ways, units) : TensorShape.of(ways, batch, units);
    return lstm(c) ? List.of(all, last, last) : List.of(all, last);
  }

  private static void requireShape(NodeContext c, int input, Dim... dims) {
    TensorShape expected = TensorShape.of(dims);
    TensorShape found = c.shape(input);
    boolean fits = found.rank() == expected.rank();
    for (int i = 0; fits && i < found.rank(); i++) {
      Dim a = found.dim(i);
      Dim b = expected.dim(i);
      fits = !a.known() || !b.known() || a.size() == b.size();
    }
    if (!fits) {
      throw c.error(
          "`%s`: expected %s, found %s".formatted(c.node().input(input), expected, found));
    }
  }

  private static long macs(ShapeContext c) {
    TensorShape x = c.shape(0);
    long perStep =
        reversed(c).size() * gates(c) * hidden(c) * (hidden(c) + Math.max(0, x.dim(2).size()));
    return MatrixOperators.products(c, TensorShape.of(x.dim(0), x.dim(1)), perStep);
  }

  private static List<String> codes(CodeContext c) {
    List<Boolean> reversed = reversed(c);
    String x = batchFirst(c) ? c.let("torch.transpose(" + c.input(0) + ", 0, 1)") : c.input(0);
    List<String> results =
        IntStream.range(0, reversed.size())
            .mapToObj(i -> direction(c, x, i, reversed.get(i)))
            .toList();
    // T×D×N×H, or N×T×D×H; then D×N×H, or N×D×H.
    String all = "torch.stack([%s], 1)".formatted(parts(results, 0));
    List<String> outputs = new ArrayList<>();
    outputs.add(batchFirst(c) ? "torch.permute(" + all + ", [2, 0, 1, 3])" : all);
    for (int i = 1; i <= (lstm(c) ? 2 : 1); i++) {
      outputs.add("torch.stack([%s], %d)".formatted(parts(results, i), batchFirst(c) ? 1 : 0));
    }
    return outputs;
  }

  private static String parts(List<String> results, int part) {
    return String.join(", ", results.stream().map(r -> r + "[" + part + "]").toList());
  }

  /** Runs one direction: its outputs at all times, and its last states. */
  private static String direction(CodeContext c, String x, int index, boolean reversed) {
    RecurrentScript script = RecurrentScript.of(c, index);
    ScriptMethod method = script.method();
    c.method(method);
    long hidden = hidden(c);
    String batch = "torch.size(" + x + ", 1)";
    String zeros = "torch.new_zeros(%s, [%s, %d])".formatted(x, batch, hidden);
    String bias = "torch.new_zeros(%s, [%d])".formatted(x, 2 * gates(c) * hidden);
    List<String> arguments = new ArrayList<>();
    arguments.add(x);
    arguments.add(select(c, 1, index));
    arguments.add(select(c, 2, index));
    arguments.add(c.has(3) ? select(c, 3, index) : bias);
    arguments.add(c.has(5) ? state(c, 5, index) : zeros);
    arguments.add(c.has(6) ? state(c, 6, index) : zeros);
    arguments.add(c.has(4) ? c.input(4) : x);
    arguments.add(c.has(7) ? select(c, 7, index) : x);
    arguments.add(Literals.flag(reversed));
    return c.let("(self).%s(%s, )".formatted(method.name(), String.join(", ", arguments)));
  }

  private static String select(CodeContext c, int input, int index) {
    return "torch.select(%s, 0, %d)".formatted(c.input(input), index);
  }

  private static String state(CodeContext c, int input, int index) {
    return "torch.select(%s, %d, %d)".formatted(c.input(input), batchFirst(c) ? 1 : 0, index);
  }
}
