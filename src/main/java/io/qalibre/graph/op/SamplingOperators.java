package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Operators that take pictures apart and put them together. */
final class SamplingOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("GridSample")
              .shape(SamplingOperators::sampledShape)
              .code(SamplingOperators::sample)
              .build(),
          Operator.named("CenterCropPad")
              .shape(SamplingOperators::centredShape)
              .code(SamplingOperators::centre)
              .build(),
          Operator.named("Col2Im")
              .shape(SamplingOperators::pictureShape)
              .code(SamplingOperators::picture)
              .build());

  /** Crops and pads alike on both sides; an odd one goes to the end. */
  private static final ScriptMethod CENTRE =
      new ScriptMethod(
          "crop_or_pad",
          """
            def crop_or_pad(self: __torch__.M,
              x: Tensor,
              axes: List[int],
              sizes: List[int]) -> Tensor:
              y = x
              for i in range(torch.len(axes)):
                axis = axes[i]
                wanted = sizes[i]
                more = torch.sub(wanted, torch.size(y, axis))
                if torch.lt(more, 0):
                  y0 = torch.narrow(y, axis, torch.floordiv(torch.neg(more), 2), wanted)
                else:
                  before = torch.floordiv(more, 2)
                  pads = annotate(List[int], [])
                  for j in range(torch.sub(torch.sub(torch.dim(y), axis), 1)):
                    _0 = torch.append(pads, 0)
                    _1 = torch.append(pads, 0)
                  _2 = torch.append(pads, before)
                  _3 = torch.append(pads, torch.sub(more, before))
                  y0 = torch.constant_pad_nd(y, pads, 0)
                y = y0
              return y
          """);

  /**
   * Adds up the blocks of each channel. The place of each element of each block in the padded
   * picture is worked out axis by axis.
   */
  private static final ScriptMethod PICTURE =
      new ScriptMethod(
          "add_blocks",
          """
            def add_blocks(self: __torch__.M,
              x: Tensor,
              picture: List[int],
              block: List[int],
              strides: List[int],
              dilations: List[int],
              pads: List[int]) -> Tensor:
              places = torch.zeros([1, 1], dtype=4, layout=None, device=ops.prim.device(x))
              axes = torch.len(picture)
              elements = 1
              taps = 1
              sizes = annotate(List[int], [])
              for i in range(axes):
                padded = torch.add(torch.add(picture[i], pads[i]), pads[torch.add(axes, i)])
                reach = torch.add(torch.mul(torch.sub(block[i], 1), dilations[i]), 1)
                steps = torch.add(torch.floordiv(torch.sub(padded, reach), strides[i]), 1)
                tap = torch.mul(torch.arange(block[i], dtype=4, layout=None, device=ops.prim.device(x)), dilations[i])
                step = torch.mul(torch.arange(steps, dtype=4, layout=None, device=ops.prim.device(x)), strides[i])
                along = torch.add(torch.unsqueeze(tap, 1), torch.unsqueeze(step, 0))
                before = torch.mul(torch.unsqueeze(torch.unsqueeze(places, 1), 3), padded)
                both = torch.add(before, torch.unsqueeze(torch.unsqueeze(along, 1), 0))
                places0 = torch.flatten(torch.flatten(both, 2, 3), 0, 1)
                places = places0
                elements0 = torch.mul(elements, padded)
                elements = elements0
                taps0 = torch.mul(taps, block[i])
                taps = taps0
                _0 = torch.append(sizes, padded)
              channels = torch.floordiv(torch.size(x, 1), taps)
              values = torch.reshape(x, [torch.size(x, 0), channels, torch.numel(places)])
              empty = torch.zeros([torch.size(x, 0), channels, elements], dtype=ops.prim.dtype(x), layout=None, device=ops.prim.device(x))
              at = torch.expand(torch.flatten(places), torch.size(values), implicit=False)
              sums = torch.scatter_add(empty, 2, at, values)
              y = torch.reshape(sums, torch.add([torch.size(x, 0), channels], sizes))
              for i0 in range(axes):
                y0 = torch.narrow(y, torch.add(i0, 2), pads[i0], picture[i0])
                y = y0
              return y
          """);

  private SamplingOperators() {}

  private static TensorShape sampledShape(ShapeContext c) {
    TensorShape x = c.shape(0);
    TensorShape grid = c.shape(1);
    boolean pictures = x.rank() == 4 || x.rank() == 5;
    if (!pictures || grid.rank() != x.rank()) {
      throw c.error(
          "expected an input N×C×H×W or N×C×D×H×W and a grid of its rank, found %s and %s"
              .formatted(x, grid));
    }
    List<Dim> dims = new ArrayList<>(x.dims().subList(0, 2));
    dims.addAll(grid.dims().subList(1, grid.rank() - 1));
    return new TensorShape(dims);
  }

  private static String sample(CodeContext c) {
    int mode =
        switch (c.attributes().text("mode", "linear")) {
          case "linear", "bilinear" -> 0;
          case "nearest" -> 1;
          case "cubic", "bicubic" -> 2;
          default -> throw c.error("mode " + c.attributes().text("mode", "") + " is not supported");
        };
    if (mode == 2 && c.shape(0).rank() == 5) {
      throw c.error("cubic sampling of volumes is not supported");
    }
    int padding =
        List.of("zeros", "border", "reflection")
            .indexOf(c.attributes().text("padding_mode", "zeros"));
    if (padding < 0) {
      throw c.error(
          "expected a padding_mode zeros, border or reflection, found "
              + c.attributes().text("padding_mode", ""));
    }
    return "torch.grid_sampler(%s, %s, %d, %d, %s)"
        .formatted(
            c.input(0),
            c.input(1),
            mode,
            padding,
            Literals.flag(c.attributes().flag("align_corners", false)));
  }

  private static long[] centredAxes(NodeContext c) {
    int rank = c.shape(0).rank();
    return c.attributes()
        .integers("axes")
        .map(axes -> axes.stream().mapToLong(axis -> Axes.axis(c, axis, rank)).toArray())
        .orElseGet(() -> LongStream.range(0, rank).toArray());
  }

  private static TensorShape centredShape(ShapeContext c) {
    long[] axes = centredAxes(c);
    Optional<List<IndexValue>> sizes = c.values(1);
    if (sizes.isPresent() && sizes.get().size() != axes.length) {
      throw c.error(axes.length + " axes do not go with " + sizes.get().size() + " sizes");
    }
    TensorShape shape = c.shape(0);
    for (int i = 0; i < axes.length; i++) {
      int at = i;
      shape =
          shape.with((int) axes[i], sizes.map(known -> known.get(at).dim()).orElse(Dim.unknown()));
    }
    return shape;
  }

  private static String centre(CodeContext c) {
    c.method(CENTRE);
    return "(self).crop_or_pad(%s, %s, %s, )"
        .formatted(c.input(0), Literals.list(centredAxes(c)), c.integers(1));
  }

  private static TensorShape pictureShape(ShapeContext c) {
    int axes = Axes.length(c, 1);
    TensorShape x = c.shape(0);
    if (x.rank() != 3 || Axes.length(c, 2) != axes) {
      throw c.error(
          "expected blocks N×(C·block)×L and sizes of picture and block of as many axes, found "
              + x);
    }
    Optional<long[]> block = c.longs(2);
    boolean known = block.isPresent() && x.dim(1).known();
    List<Dim> dims = new ArrayList<>();
    dims.add(x.dim(0));
    dims.add(
        known
            ? Dim.of(x.dim(1).size() / LongStream.of(block.get()).reduce(1, Math::multiplyExact))
            : Dim.unknown());
    IntStream.range(0, axes)
        .mapToObj(i -> c.values(1).map(sizes -> sizes.get(i).dim()).orElse(Dim.unknown()))
        .forEach(dims::add);
    return new TensorShape(dims);
  }

  private static String picture(CodeContext c) {
    c.method(PICTURE);
    int axes = Axes.length(c, 1);
    return "(self).add_blocks(%s, %s, %s, %s, %s, %s, )"
        .formatted(
            c.input(0),
            c.integers(1),
            c.integers(2),
            numbers(c, "strides", axes, 1),
            numbers(c, "dilations", axes, 1),
            numbers(c, "pads", 2 * axes, 0));
  }

  private static String numbers(NodeContext c, String attribute, int count, long otherwise) {
    List<Long> numbers =
        c.attributes().integers(attribute).orElse(Collections.nCopies(count, otherwise));
    if (numbers.size() != count) {
      throw c.error("expected %d numbers in %s, found %s".formatted(count, attribute, numbers));
    }
    return Literals.list(numbers.stream().mapToLong(Long::longValue).toArray());
  }
}
