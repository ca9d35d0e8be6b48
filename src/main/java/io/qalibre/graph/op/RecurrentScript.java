package io.qalibre.graph.op;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes the loop over time of one direction of an LSTM, GRU or RNN node, after the equations in
 * ONNX's operator documentation.
 *
 * @param type {@code LSTM}, {@code GRU} or {@code RNN}
 * @param activations the functions f, g and h as expressions of {@code v}
 * @param variant what of the optional behaviour the node asks for
 */
record RecurrentScript(String type, List<String> activations, Variant variant) {
  /**
   * Optional behaviour.
   *
   * @param lengths whether each sequence of the batch has a length of its own
   * @param peepholes whether an LSTM's gates see its cells
   * @param coupled whether an LSTM forgets as much as it does not take in
   * @param resetLate whether a GRU resets after the matrix product
   */
  private record Variant(boolean lengths, boolean peepholes, boolean coupled, boolean resetLate) {}

  /** Functions of v; α and β stand for the activation's parameters. */
  private static final Map<String, String> FUNCTIONS =
      Map.ofEntries(
          Map.entry("relu", "torch.relu(v)"),
          Map.entry("tanh", "torch.tanh(v)"),
          Map.entry("sigmoid", "torch.sigmoid(v)"),
          Map.entry("softsign", "v / (torch.abs(v) + 1.)"),
          Map.entry("softplus", "torch.softplus(v)"),
          Map.entry("affine", "v * α + β"),
          Map.entry("leakyrelu", "torch.leaky_relu(v, α)"),
          Map.entry("thresholdedrelu", "torch.threshold(v, α, 0.)"),
          Map.entry("scaledtanh", "torch.tanh(v * β) * α"),
          Map.entry("hardsigmoid", "torch.clamp(v * α + β, 0., 1.)"),
          Map.entry("elu", "torch.elu(v, α)"));

  /** The parameters α and β of the functions that have defaults. */
  private static final Map<String, List<Float>> DEFAULTS =
      Map.of(
          "affine", List.of(1f, 0f),
          "leakyrelu", List.of(0.01f, 0f),
          "thresholdedrelu", List.of(1f, 0f),
          "scaledtanh", List.of(1f, 1f),
          "hardsigmoid", List.of(0.2f, 0.5f),
          "elu", List.of(1f, 0f));

  /** The script of a node's direction, counted from 0. */
  static RecurrentScript of(NodeContext c, int direction) {
    String type = c.node().type();
    List<String> defaults =
        switch (type) {
          case "LSTM" -> List.of("Sigmoid", "Tanh", "Tanh");
          case "GRU" -> List.of("Sigmoid", "Tanh");
          default -> List.of("Tanh");
        };
    int count = defaults.size();
    List<String> names = strings(c, "activations");
    Parameters alphas = new Parameters(floats(c, "activation_alpha"));
    Parameters betas = new Parameters(floats(c, "activation_beta"));
    List<String> all = new java.util.ArrayList<>();
    // ONNX lists parameters for those functions only that take them, of all directions in order.
    for (int i = 0; i < (direction + 1) * count; i++) {
      String name = names.size() > i ? names.get(i) : defaults.get(i % count);
      all.add(expression(c, name.toLowerCase(Locale.ROOT), alphas, betas));
    }
    return new RecurrentScript(
        type,
        all.subList(direction * count, all.size()).stream().map(f -> clipped(c, f)).toList(),
        new Variant(
            c.has(4),
            c.has(7),
            c.attributes().flag("input_forget", false),
            c.attributes().flag("linear_before_reset", false)));
  }

  @SuppressWarnings("unchecked") // the attribute is a list of texts
  private static List<String> strings(NodeContext c, String name) {
    return (List<String>) c.attributes().values().getOrDefault(name, List.of());
  }

  @SuppressWarnings("unchecked") // the attribute is a list of floats
  private static List<Float> floats(NodeContext c, String name) {
    return (List<Float>) c.attributes().values().getOrDefault(name, List.of());
  }

  /** Parameters of activations, taken one after the other. */
  private static final class Parameters {
    private final List<Float> values;
    private int next;

    Parameters(List<Float> values) {
      this.values = values;
    }

    float next(float otherwise) {
      return next < values.size() ? values.get(next++) : otherwise;
    }
  }

  private static String expression(
      NodeContext c, String name, Parameters alphas, Parameters betas) {
    String function = FUNCTIONS.get(name);
    if (function == null) {
      throw c.error(
          "attribute `activations`: expected some of %s, found %s"
              .formatted(FUNCTIONS.keySet().stream().sorted().toList(), name));
    }
    List<Float> defaults = DEFAULTS.getOrDefault(name, List.of(0f, 0f));
    String filled = function;
    if (function.contains("α")) {
      filled = filled.replace("α", Literals.number(alphas.next(defaults.get(0))));
    }
    if (function.contains("β")) {
      filled = filled.replace("β", Literals.number(betas.next(defaults.get(1))));
    }
    return filled;
  }

  /** A function whose argument is limited first, where the node says so. */
  private static String clipped(NodeContext c, String function) {
    if (!c.attributes().has("clip")) {
      return function;
    }
    String clip = Literals.number(c.attributes().number("clip", 0));
    return function.replaceAll("\\bv\\b", "torch.clamp(v, -" + clip + ", " + clip + ")");
  }

  /** A function applied to a variable. */
  private String apply(int function, String variable) {
    return activations.get(function).replaceAll("\\bv\\b", variable);
  }

  /** The method, named after its text: nodes that compute alike share it. */
  ScriptMethod method() {
    String body = body();
    String name = type.toLowerCase(Locale.ROOT) + "_" + Integer.toHexString(body.hashCode());
    return new ScriptMethod(name, "  def " + name + body);
  }

  /**
   * Takes the inputs T×N×I, one direction's weights, biases and first states N×H, the sequences'
   * lengths N, peepholes and the direction; gives the outputs T×N×H and the last states.
   */
  private String body() {
    return """
        (self: __torch__.M,
            x: Tensor,
            w: Tensor,
            r: Tensor,
            b: Tensor,
            h0: Tensor,
            c0: Tensor,
            lengths: Tensor,
            peep: Tensor,
            reverse: bool) -> Tuple[Tensor, Tensor, Tensor]:
            h = h0
            c = c0
            times = torch.size(x, 0)
            half = torch.size(b, 0) // 2
            wb = torch.slice(b, 0, 0, half, 1)
            rb = torch.slice(b, 0, half, 2 * half, 1)
            taken = torch.matmul(x, torch.t(w)) + wb
            rt = torch.t(r)
        """
        + setup()
        + """
            all = annotate(List[Tensor], [])
            for i in range(times):
              if reverse:
                t = times - 1 - i
              else:
                t = i
              xt = torch.select(taken, 0, t)
        """
        + cell().indent(6)
        + (variant.lengths
            ? """
              runs = torch.unsqueeze(torch.gt(lengths, t), 1)
              h = torch.where(runs, h1, h)
              c = torch.where(runs, c1, c)
              _0 = torch.append(all, torch.where(runs, h1, torch.zeros_like(h1)))
        """
            : """
              h = h1
              c = c1
              _0 = torch.append(all, h1)
        """)
        + """
            y = torch.stack(all, 0)
            if reverse:
              y0 = torch.flip(y, [0])
            else:
              y0 = y
            return (y0, h, c)
        """;
  }

  private String setup() {
    return switch (type) {
      case "GRU" ->
          """
              size = half // 3
              rzr = torch.slice(rt, 1, 0, 2 * size, 1)
              rh = torch.slice(rt, 1, 2 * size, 3 * size, 1)
              rbzr = torch.slice(rb, 0, 0, 2 * size, 1)
              rbh = torch.slice(rb, 0, 2 * size, 3 * size, 1)
          """;
      case "LSTM" -> variant.peepholes ? "    peeps = torch.chunk(peep, 3, 0)\n" : "";
      default -> "";
    };
  }

  /** One step: from the input xt, the states h and c to h1 and c1. */
  private String cell() {
    return switch (type) {
      case "GRU" -> gru();
      case "LSTM" -> lstm();
      default ->
          """
          v0 = xt + torch.matmul(h, rt) + rb
          h1 = %s
          c1 = c
          """
              .formatted(apply(0, "v0"));
    };
  }

  private String gru() {
    return """
        parts = torch.chunk(xt, 3, 1)
        gates = torch.chunk(torch.matmul(h, rzr) + rbzr, 2, 1)
        v0 = parts[0] + gates[0]
        z = %s
        v1 = parts[1] + gates[1]
        reset = %s
        v2 = parts[2] + %s
        n = %s
        h1 = (1. - z) * n + z * h
        c1 = c
        """
        .formatted(
            apply(0, "v0"),
            apply(0, "v1"),
            variant.resetLate
                ? "reset * (torch.matmul(h, rh) + rbh)"
                : "torch.matmul(reset * h, rh) + rbh",
            apply(1, "v2"));
  }

  private String lstm() {
    return """
        gates = torch.chunk(xt + torch.matmul(h, rt) + rb, 4, 1)
        v0 = gates[0]%s
        takes = %s
        v2 = gates[2]%s
        keeps = %s
        v3 = gates[3]
        c1 = keeps * c + takes * %s
        v1 = gates[1]%s
        h1 = %s * %s
        """
        .formatted(
            peephole(0, "c"),
            apply(0, "v0"),
            peephole(2, "c"),
            variant.coupled ? "1. - takes" : apply(0, "v2"),
            apply(1, "v3"),
            peephole(1, "c1"),
            apply(0, "v1"),
            apply(2, "c1"));
  }

  private String peephole(int gate, String cell) {
    return variant.peepholes ? " + peeps[" + gate + "] * " + cell : "";
  }
}
