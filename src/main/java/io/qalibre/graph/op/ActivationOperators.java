package io.qalibre.graph.op;

import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Optional;

/** Activations: one value in, one value out. */
final class ActivationOperators {
  static final List<Operator> ALL =
      List.of(
          function("Relu", "torch.relu(%s)"),
          function("Sigmoid", "torch.sigmoid(%s)"),
          function("Tanh", "torch.tanh(%s)"),
          function("HardSwish", "torch.hardswish(%s)"),
          function("Softplus", "torch.softplus(%s)"),
          function("Mish", "torch.mish(%s)"),
          function("Erf", "torch.erf(%s)"),
          Operator.named("LeakyRelu")
              .code(
                  c ->
                      "torch.leaky_relu(%s, %s)"
                          .formatted(c.input(0), c.attributes().number("alpha", 0.01f)))
              .build(),
          Operator.named("Elu")
              .code(
                  c ->
                      "torch.elu(%s, %s)".formatted(c.input(0), c.attributes().number("alpha", 1f)))
              .build(),
          Operator.named("HardSigmoid")
              .code(
                  c ->
                      "torch.clamp(torch.add(torch.mul(%s, %s), %s), 0., 1.)"
                          .formatted(
                              c.input(0),
                              c.attributes().number("alpha", 0.2f),
                              c.attributes().number("beta", 0.5f)))
              .build(),
          Operator.named("PRelu")
              .shape(
                  c -> {
                    ElementwiseOperators.broadcast(c, c.shape(0), c.shape(1));
                    return c.shape(0);
                  })
              .code(
                  c ->
                      "torch.where(torch.lt(%1$s, 0), torch.mul(%1$s, %2$s), %1$s)"
                          .formatted(c.input(0), c.input(1)))
              .build(),
          Operator.named("Gelu")
              .code(
                  c ->
                      "torch.gelu(%s, approximate=\"%s\")"
                          .formatted(c.input(0), c.attributes().text("approximate", "none")))
              .build(),
          Operator.named("Softmax")
              .code(
                  c ->
                      "torch.softmax(%s, %d)"
                          .formatted(c.input(0), c.attributes().integer("axis", -1)))
              .build(),
          Operator.named("LogSoftmax")
              .code(
                  c ->
                      "torch.log_softmax(%s, %d)"
                          .formatted(c.input(0), c.attributes().integer("axis", -1)))
              .build(),
          Operator.named("Clip").code(ActivationOperators::clip).build());

  private ActivationOperators() {}

  private static Operator function(String type, String expression) {
    return Operator.named(type).code(c -> expression.formatted(c.input(0))).build();
  }

  private static String clip(CodeContext c) {
    Optional<Float> low = bound(c, 1, "min");
    Optional<Float> high = bound(c, 2, "max");
    if (low.isEmpty() && high.isEmpty()) {
      return c.input(0);
    }
    // One pass backwards, where clamp's gradient takes several; but it wants bounds in order.
    boolean interval = low.isPresent() && high.isPresent() && low.get() < high.get();
    return "torch.%s(%s, %s, %s)"
        .formatted(interval ? "hardtanh" : "clamp", c.input(0), literal(low), literal(high));
  }

  /** A bound: an input since opset 11, an attribute before. */
  private static Optional<Float> bound(CodeContext c, int input, String attribute) {
    if (!c.has(input)) {
      return c.attributes().has(attribute)
          ? bound(c.attributes().number(attribute, 0))
          : Optional.empty();
    }
    Optional<Tensor> constant = c.constant(input);
    if (constant.isEmpty()) {
      throw c.error("bounds that are computed are not supported");
    }
    return bound(constant.get().floatView().get(0));
  }

  /** Exporters write "no bound" as infinity or as the largest float, which TorchScript refuses. */
  private static Optional<Float> bound(float value) {
    return Math.abs(value) >= Float.MAX_VALUE ? Optional.empty() : Optional.of(value);
  }

  private static String literal(Optional<Float> bound) {
    return bound.map(String::valueOf).orElse("None");
  }
}
