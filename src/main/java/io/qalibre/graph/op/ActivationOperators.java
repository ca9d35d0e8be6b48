package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.List;
import java.util.Optional;

/** Activations: one value in, one value out. */
final class ActivationOperators {
  /** Selu's constants, as ONNX gives them. */
  private static final float SELU_ALPHA = 1.67326319217681884765625f;

  private static final float SELU_GAMMA = 1.05070102214813232421875f;

  static final List<Operator> ALL =
      List.of(
          Operator.named("Relu").fresh().code(c -> "torch.relu(" + c.input(0) + ")").build(),
          FunctionOperators.ofFloats("Sigmoid", "torch.sigmoid(%s)").build(),
          FunctionOperators.ofFloats("Tanh", "torch.tanh(%s)").build(),
          FunctionOperators.ofFloats("HardSwish", "torch.hardswish(%s)").build(),
          FunctionOperators.ofFloats("Softplus", "torch.softplus(%s)").build(),
          FunctionOperators.ofFloats("Mish", "torch.mish(%s)").build(),
          FunctionOperators.ofFloats("Softsign", "torch.div(%1$s, torch.add(torch.abs(%1$s), 1.))")
              .build(),
          withAlpha("LeakyRelu", 0.01f, "torch.leaky_relu(%s, %s)"),
          withAlpha("Elu", 1, "torch.elu(%s, %s)"),
          withAlpha("Celu", 1, "torch.celu(%s, %s)"),
          withAlpha("ThresholdedRelu", 1, "torch.threshold(%s, %s, 0.)"),
          FunctionOperators.ofFloats("Selu", "")
              .code(
                  c ->
                      "torch.elu(%s, %s, %s)"
                          .formatted(
                              c.input(0),
                              number(c, "alpha", SELU_ALPHA),
                              number(c, "gamma", SELU_GAMMA)))
              .build(),
          FunctionOperators.ofFloats("HardSigmoid", "")
              .code(
                  c ->
                      "torch.hardtanh(torch.add(torch.mul(%s, %s), %s), 0., 1.)"
                          .formatted(c.input(0), number(c, "alpha", 0.2f), number(c, "beta", 0.5f)))
              .build(),
          FunctionOperators.ofFloats("Swish", "").code(ActivationOperators::swish).build(),
          FunctionOperators.ofFloats("Gelu", "")
              .code(
                  c ->
                      "torch.gelu(%s, approximate=\"%s\")"
                          .formatted(c.input(0), c.attributes().text("approximate", "none")))
              .build(),
          Operator.named("Shrink").fresh().code(ActivationOperators::shrink).build(),
          Operator.named("PRelu")
              .fresh()
              .shape(ActivationOperators::pReluShape)
              .code(
                  c ->
                      "torch.where(torch.lt(%1$s, 0), torch.mul(%1$s, %2$s), %1$s)"
                          .formatted(c.input(0), c.input(1)))
              .build(),
          Operator.named("Clip")
              .shape(ActivationOperators::clipShape)
              .code(ActivationOperators::clip)
              .build());

  private static final String NO_BOUND = "None";

  private ActivationOperators() {}

  private static Operator withAlpha(String type, float otherwise, String expression) {
    return FunctionOperators.ofFloats(type, "")
        .code(c -> expression.formatted(c.input(0), number(c, "alpha", otherwise)))
        .build();
  }

  private static String number(CodeContext c, String attribute, float otherwise) {
    return Literals.number(c.attributes().number(attribute, otherwise));
  }

  private static String swish(CodeContext c) {
    String x = c.input(0);
    return c.attributes().number("alpha", 1) == 1
        ? "torch.silu(" + x + ")"
        : "torch.mul(%1$s, torch.sigmoid(torch.mul(%1$s, %2$s)))"
            .formatted(x, number(c, "alpha", 1));
  }

  /** Zero between −lambd and lambd; beyond, the value moved toward zero by a bias. */
  private static String shrink(CodeContext c) {
    String threshold = Literals.number(c.attributes().number("lambd", 0.5f));
    String bias = number(c, "bias", 0);
    String x = c.input(0);
    String shrunk =
        ("torch.where(torch.gt(%1$s, %2$s), torch.sub(%1$s, %3$s),"
                + " torch.where(torch.lt(%1$s, torch.neg(%2$s)), torch.add(%1$s, %3$s),"
                + " torch.zeros_like(%1$s)))")
            .formatted(x, threshold, bias);
    return c.type(0) == DataType.FLOAT
        ? shrunk
        : Integers.wrap(Types.cast(shrunk, Types.aten(c.type(0))), c.type(0));
  }

  private static TensorShape pReluShape(ShapeContext c) {
    InputTypes.requireAlike(c);
    TensorShape x = c.shape(0);
    TensorShape both = ElementwiseOperators.broadcast(c, x, c.shape(1));
    boolean grows = both.rank() > x.rank();
    for (int i = 0; !grows && i < x.rank(); i++) {
      grows = x.dim(i).equals(Dim.of(1)) && both.dim(i).known() && both.dim(i).size() != 1;
    }
    if (grows) {
      throw c.error("the slope " + c.shape(1) + " does not broadcast to the input " + x);
    }
    return x;
  }

  private static TensorShape clipShape(ShapeContext c) {
    InputTypes.requireAlike(c);
    for (int i = 1; i <= 2; i++) {
      if (c.has(i) && c.shape(i).known() && c.shape(i).elements() != 1) {
        throw c.error(
            "expected a single number as bound `%s`, found %s"
                .formatted(c.node().input(i), c.shape(i)));
      }
    }
    return c.shape(0);
  }

  private static String clip(CodeContext c) {
    if (computed(c, 1) || computed(c, 2)) {
      return "torch.clamp(%s, %s, %s)".formatted(c.input(0), c.optional(1), c.optional(2));
    }
    return c.type(0) == DataType.FLOAT ? clipFloats(c) : clipIntegers(c);
  }

  private static boolean computed(NodeContext c, int input) {
    return c.has(input) && c.constant(input).isEmpty();
  }

  private static String clipFloats(CodeContext c) {
    Optional<Float> low = bound(c, 1, "min");
    Optional<Float> high = bound(c, 2, "max");
    // One pass backwards, where clamp's gradient takes several; but it wants bounds in order.
    boolean interval = low.isPresent() && high.isPresent() && low.get() < high.get();
    return clip(c, interval ? "hardtanh" : "clamp", literal(low), literal(high));
  }

  /** Integer types have a smallest and a largest number of their own: none means "no bound". */
  private static String clipIntegers(CodeContext c) {
    Optional<Long> low = c.constant(1).map(bound -> bound.longs()[0]);
    Optional<Long> high = c.constant(2).map(bound -> bound.longs()[0]);
    return clip(c, "clamp", literal(low), literal(high));
  }

  private static String clip(CodeContext c, String function, String low, String high) {
    return low.equals(NO_BOUND) && high.equals(NO_BOUND)
        ? c.input(0)
        : "torch.%s(%s, %s, %s)".formatted(function, c.input(0), low, high);
  }

  /** A bound: an input since opset 11, an attribute before. */
  private static Optional<Float> bound(CodeContext c, int input, String attribute) {
    return c.constant(input)
        .map(bound -> bound(bound.floatView().get(0)))
        .orElseGet(() -> bound(c.attributes().number(attribute, Float.MAX_VALUE)));
  }

  /** Exporters write "no bound" as infinity or as the largest float, which TorchScript refuses. */
  private static Optional<Float> bound(float value) {
    return Math.abs(value) >= Float.MAX_VALUE ? Optional.empty() : Optional.of(value);
  }

  private static String literal(Optional<? extends Number> bound) {
    return bound.map(String::valueOf).orElse(NO_BOUND);
  }
}
