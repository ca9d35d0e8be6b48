package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import java.util.Locale;

/**
 * A node that reduces a tensor, as code.
 *
 * @param c the node
 * @param x the variable, or an expression, that is reduced; of the type of the node's first input
 * @param axes the axes as an expression of type {@code List[int]}; an empty one stands for all
 * @param keeps whether the axes stay with a size of 1: {@code True} or {@code False}
 */
record Reduced(CodeContext c, String x, String axes, String keeps) {
  private static final ScriptMethod PRODUCT =
      new ScriptMethod(
          "reduce_prod",
          """
            def reduce_prod(self: __torch__.M,
              x: Tensor,
              axes: List[int],
              keeps: bool,
              dtype: int) -> Tensor:
              if torch.eq(torch.len(axes), 0):
                every = annotate(List[int], [])
                for i in range(torch.dim(x)):
                  _0 = torch.append(every, i)
                reduced = every
              else:
                reduced = axes
              y = x
              for i0 in range(torch.len(reduced)):
                y = torch.prod(y, reduced[i0], True, dtype=dtype)
              if keeps:
                z = y
              else:
                z = torch.squeeze(y, reduced)
              return z
          """);

  /** The same reduction of a function of the tensor's values. */
  Reduced of(String expression) {
    return new Reduced(c, c.let(expression.formatted(x)), axes, keeps);
  }

  String sum() {
    int aten = Types.aten(c.type(0));
    return Integers.wrap(
        "torch.sum(%s, %s, %s, dtype=%d)".formatted(x, axes, keeps, aten), c.type(0));
  }

  String product() {
    c.method(PRODUCT);
    int aten = Types.aten(c.type(0));
    return Integers.wrap(
        "(self).reduce_prod(%s, %s, %s, %d, )".formatted(x, axes, keeps, aten), c.type(0));
  }

  /** A reduction that ATen has for floats only. */
  String inFloats(String expression) {
    return Integers.inFloats(x, c.type(0), y -> expression.formatted(y, axes, keeps));
  }

  /** The largest or the smallest value; of none the one that all others are beyond. */
  String extreme(boolean largest) {
    DataType type = c.type(0);
    boolean some = c.shape(0).dims().stream().allMatch(dim -> dim.size() > 0);
    if (some) {
      return "torch.%s(%s, %s, %s)".formatted(largest ? "amax" : "amin", x, axes, keeps);
    }
    ScriptMethod method = extremeOrEnd(largest, type);
    c.method(method);
    return "(self).%s(%s, %s, %s, )".formatted(method.name(), x, axes, keeps);
  }

  private static ScriptMethod extremeOrEnd(boolean largest, DataType type) {
    String name =
        "reduce_%s_%s".formatted(largest ? "max" : "min", type.name().toLowerCase(Locale.ROOT));
    String code =
        """
          def %s(self: __torch__.M,
            x: Tensor,
            axes: List[int],
            keeps: bool) -> Tensor:
            if torch.eq(torch.numel(x), 0):
              y = torch.full_like(torch.sum(x, axes, keeps, dtype=6), %s, dtype=%d)
            else:
              y = torch.%s(x, axes, keeps)
            return y
        """
            .formatted(
                name,
                largest ? Integers.least(type) : Integers.largest(type),
                Types.aten(type),
                largest ? "amax" : "amin");
    return new ScriptMethod(name, code);
  }
}
