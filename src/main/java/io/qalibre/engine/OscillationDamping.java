package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import io.qalibre.graph.QuantizerNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Draws weights toward the codes that they have, so that they stop jumping between two of them:
 * adds to their gradients that of λ·‖clip(w) − Q(w)‖², with the quantized weight Q(w) taken as a
 * constant. What is clipped is left alone, and ranges learn nothing from it.
 *
 * <p>Source: Nagel et al., Overcoming Oscillations in Quantization-Aware Training, ICML 2022 (arXiv
 * 2203.11086), dampening.
 */
final class OscillationDamping {
  private static final String HEAD =
      """
      class M(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
        def damp(self: __torch__.M,
          w: Tensor,
          g: Tensor,
          s: Tensor,
          low: Tensor,
          high: Tensor,
          factor: float) -> Tensor:
          c = torch.clamp(w, torch.mul(low, s), torch.mul(high, s))
          q = torch.mul(torch.round(torch.div(c, s)), s)
          return torch.add_(g, torch.sub(c, q), alpha=factor)
        def forward(self: __torch__.M,
          w: List[Tensor],
          g: List[Tensor],
          r: List[Tensor],
          factor: float) -> float:
      """;

  private final List<Parameter> weights = new ArrayList<>();
  private final List<Parameter> ranges = new ArrayList<>();
  private final String code;

  /**
   * Prepares to damp the weights of a network.
   *
   * @param quantizers the quantizers of its weights
   * @param parameters the weights by the names of the tensors that the quantizers read
   * @param all the ranges
   */
  OscillationDamping(
      List<QuantizerNode> quantizers, Map<String, Parameter> parameters, RangeParameters all) {
    RangeScript script = new RangeScript(all.form());
    StringBuilder body = new StringBuilder();
    for (QuantizerNode node : quantizers) {
      Parameter weight = parameters.get(node.input());
      if (weight != null && weight.requiresGradient()) {
        line(body, node, weight.getArray().getShape(), script);
        weights.add(weight);
        ranges.addAll(all.of(node));
      }
    }
    String scales = String.join("", script.lines().stream().map(l -> "    " + l + "\n").toList());
    code = HEAD + scales + body + "    return factor\n" + QuantizerScript.METHODS;
  }

  /** How many weights there are. */
  int size() {
    return weights.size();
  }

  private void line(StringBuilder body, QuantizerNode node, Shape weight, RangeScript script) {
    int i = weights.size();
    Codes codes = Codes.of(node.spec());
    String shape = new QuantizerScript(node).shape(weight.dimension());
    long size = node.spec().perChannel() ? weight.get(node.spec().axis()) : 1;
    RangeScript.Variables range = script.variables(node, 2 * i, size);
    body.append("    s%d = %s\n".formatted(i, range.scale()));
    body.append("    z%d = %s\n".formatted(i, range.zero()));
    body.append(
        "    d%1$d = (self).damp(w[%1$d], g[%1$d], torch.view(s%1$d, %2$s), torch.view(torch.rsub(z%1$d, %3$d), %2$s), torch.view(torch.rsub(z%1$d, %4$d), %2$s), factor, )\n"
            .formatted(i, shape, codes.first(), codes.last()));
  }

  /** Adds to the gradients that a backward pass has left; λ is half of the factor given here. */
  void apply(double factor) {
    NDList gradients = new NDList();
    weights.forEach(weight -> gradients.add(weight.getArray().getGradient()));
    try (gradients;
        Programs.Program program = Programs.borrow(code);
        IValue w = list(weights.stream().map(Parameter::getArray).toList());
        IValue g = list(gradients);
        IValue r = list(ranges.stream().map(Parameter::getArray).toList());
        IValue f = IValue.from(factor);
        IValue result = IValueUtils.runMethod(program.block(), "forward", w, g, r, f)) {
      result.toDouble();
    }
  }

  private static IValue list(List<NDArray> arrays) {
    return IValue.listFrom(arrays.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new));
  }
}
