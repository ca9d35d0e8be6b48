package io.qalibre.graph.op;

import java.util.Arrays;

/** Positions along an axis, which ONNX lets count from the end where they are negative. */
final class Positions {
  /** Positions counted from the beginning of an axis of a size. */
  private static final ScriptMethod FROM_START =
      new ScriptMethod(
          "from_start",
          """
            def from_start(self: __torch__.M,
              positions: Tensor,
              size: int) -> Tensor:
              wide = torch.to(positions, 4, False, False, None)
              return torch.where(torch.lt(wide, 0), torch.add(wide, size), wide)
          """);

  /** What indexes a tensor at the rows of {@code positions}, after {@code batch} common axes. */
  private static final ScriptMethod ROWS =
      new ScriptMethod(
          "rows",
          """
            def rows(self: __torch__.M,
              x: Tensor,
              positions: Tensor,
              batch: int) -> List[Optional[Tensor]]:
              wide = torch.to(positions, 4, False, False, None)
              found = annotate(List[Optional[Tensor]], [])
              for i in range(batch):
                sizes = annotate(List[int], [])
                for j in range(torch.sub(torch.dim(positions), 1)):
                  if torch.eq(i, j):
                    size = torch.size(x, i)
                  else:
                    size = 1
                  _0 = torch.append(sizes, size)
                all = torch.arange(torch.size(x, i), dtype=4, layout=None, device=ops.prim.device(x))
                _1 = torch.append(found, torch.reshape(all, sizes))
              for k in range(torch.size(positions, -1)):
                _2 = torch.append(found, torch.select(wide, -1, k))
              return found
          """);

  private Positions() {}

  /** The positions of an input, along an axis of the first input, none of them negative. */
  static String fromStart(CodeContext c, int input, int axis) {
    boolean counted =
        c.constant(input)
            .map(constant -> Arrays.stream(constant.longs()).allMatch(position -> position >= 0))
            .orElse(false);
    if (counted) {
      return Types.cast(c.input(input), Types.INT64);
    }
    c.method(FROM_START);
    return "(self).from_start(%s, torch.size(%s, %d), )"
        .formatted(c.input(input), c.input(0), axis);
  }

  /** For each axis that rows of positions are of, the positions along it. */
  static String rows(CodeContext c, int input, long batch) {
    c.method(ROWS);
    return "(self).rows(%s, %s, %d, )".formatted(c.input(0), c.input(input), batch);
  }
}
