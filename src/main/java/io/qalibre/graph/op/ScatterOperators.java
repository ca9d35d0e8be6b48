package io.qalibre.graph.op;

import io.qalibre.graph.TensorShape;
import java.util.List;

/** Operators that write at positions. */
final class ScatterOperators {
  static final List<Operator> ALL =
      List.of(elements("ScatterElements"), elements("Scatter"), rows());

  /**
   * Writes slices. Data become a matrix with a row for each place that can be written to; looking
   * the places up in the numbers of the rows finds those that are out of bounds.
   */
  private static final String ROWS =
      """
        def scatter_rows_%s(self: __torch__.M,
          x: Tensor,
          positions: List[Optional[Tensor]],
          updates: Tensor) -> Tensor:
          places = annotate(List[int], torch.slice(torch.size(x), 0, torch.len(positions), 1))
          count = 1
          for i in range(torch.len(places)):
            count0 = torch.mul(count, places[i])
            count = count0
          width = torch.floordiv(torch.numel(x), ops.prim.max(count, 1))
          matrix = torch.reshape(x, [count, width])
          numbers = torch.arange(count, dtype=4, layout=None, device=ops.prim.device(x))
          found = torch.flatten(torch.index(torch.reshape(numbers, places), positions))
          at = torch.expand(torch.unsqueeze(found, 1), [-1, width], implicit=False)
          values = torch.reshape(updates, [torch.size(found, 0), width])
          y = %s
          return torch.reshape(y, torch.size(x))
      """;

  private ScatterOperators() {}

  private static Operator elements(String type) {
    return Operator.named(type)
        .shape(ScatterOperators::elementsShape)
        .code(
            c -> {
              int axis = Axes.attribute(c, 0);
              return written(reduction(c))
                  .formatted(c.input(0), axis, Positions.fromStart(c, 1, axis), c.input(2));
            })
        .build();
  }

  private static Operator rows() {
    return Operator.named("ScatterND")
        .shape(ScatterOperators::rowsShape)
        .code(
            c -> {
              String name = reduction(c);
              String written = written(name).formatted("matrix", 0, "at", "values");
              c.method(new ScriptMethod("scatter_rows_" + name, ROWS.formatted(name, written)));
              return "(self).scatter_rows_%s(%s, %s, %s, )"
                  .formatted(name, c.input(0), Positions.rows(c, 1, 0), c.input(2));
            })
        .build();
  }

  /** What writes: data, axis, positions and updates are still to be filled in. */
  private static String written(String reduction) {
    return switch (reduction) {
      case "add" -> "torch.scatter_add(%s, %d, %s, %s)";
      case "mul" -> "torch.scatter_reduce(%s, %d, %s, %s, \"prod\")";
      case "min" -> "torch.scatter_reduce(%s, %d, %s, %s, \"amin\")";
      case "max" -> "torch.scatter_reduce(%s, %d, %s, %s, \"amax\")";
      default -> "torch.scatter(%s, %d, %s, %s)";
    };
  }

  private static String reduction(NodeContext c) {
    String reduction = c.attributes().text("reduction", "none");
    if (!List.of("none", "add", "mul", "min", "max").contains(reduction)) {
      throw c.error("expected a reduction none, add, mul, min or max, found " + reduction);
    }
    return reduction;
  }

  private static TensorShape elementsShape(ShapeContext c) {
    int rank = c.shape(0).rank();
    if (c.shape(1).rank() != rank || c.shape(2).rank() != rank) {
      throw c.error(
          "expected positions and updates of the rank of %s, found %s and %s"
              .formatted(c.shape(0), c.shape(1), c.shape(2)));
    }
    return c.shape(0);
  }

  private static TensorShape rowsShape(ShapeContext c) {
    int rank = c.shape(0).rank() - GatherOperators.rowLength(c, 0) + c.shape(1).rank() - 1;
    if (c.shape(2).rank() != rank) {
      throw c.error(
          "expected updates of rank %d for data %s and positions %s, found %s"
              .formatted(rank, c.shape(0), c.shape(1), c.shape(2)));
    }
    return c.shape(0);
  }
}
