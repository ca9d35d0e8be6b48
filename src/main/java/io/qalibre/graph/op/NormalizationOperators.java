package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/** Normalizations: by statistics of a batch, a sample, groups of channels, or a neighbourhood. */
final class NormalizationOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("BatchNormalization")
              .fresh()
              .shapes(NormalizationOperators::batchNormShapes)
              .codes(NormalizationOperators::batchNormCodes)
              .parameter(1, ParameterSlot.vector("weight"))
              .parameter(2, ParameterSlot.BIAS)
              .parameter(3, ParameterSlot.vector("running_mean"))
              .parameter(4, ParameterSlot.vector("running_var"))
              .build(),
          Operator.named("InstanceNormalization")
              .fresh()
              .shape(NormalizationOperators::instanceNormShape)
              .code(
                  c ->
                      "torch.instance_norm(%s, %s, %s, None, None, True, 0., %s, False)"
                          .formatted(c.input(0), c.input(1), c.input(2), epsilon(c)))
              .parameter(1, ParameterSlot.vector("weight"))
              .parameter(2, ParameterSlot.BIAS)
              .build(),
          Operator.named("GroupNormalization")
              .fresh()
              .shape(NormalizationOperators::groupNormShape)
              .code(NormalizationOperators::groupNormCode)
              .parameter(1, ParameterSlot.vector("weight"))
              .parameter(2, ParameterSlot.BIAS)
              .build(),
          Operator.named("LayerNormalization")
              .fresh()
              .shapes(NormalizationOperators::layerNormShapes)
              .codes(NormalizationOperators::layerNormCodes)
              .parameter(1, ParameterSlot.vector("weight"))
              .parameter(2, ParameterSlot.BIAS)
              .build(),
          Operator.named("RMSNormalization")
              .fresh()
              .shape(
                  c -> {
                    requireBroadcast(c, 1, axis(c));
                    return c.shape(0);
                  })
              .code(NormalizationOperators::rmsNormCode)
              .parameter(1, ParameterSlot.vector("weight"))
              .build(),
          Operator.named("LRN")
              .fresh()
              .shape(NormalizationOperators::lrnShape)
              .code(NormalizationOperators::lrnCode)
              .build(),
          Operator.named("LpNormalization")
              .fresh()
              .shape(
                  c -> {
                    axis(c);
                    return c.shape(0);
                  })
              .code(NormalizationOperators::lpNormCode)
              .build(),
          Operator.named("MeanVarianceNormalization")
              .fresh()
              .shape(
                  c -> {
                    varianceAxes(c);
                    return c.shape(0);
                  })
              .code(NormalizationOperators::meanVarianceCode)
              .build());

  /** The p-th root; its gradient at zero is zero rather than infinite. */
  private static final ScriptMethod ROOT =
      new ScriptMethod(
          "root",
          """
            def root(self: __torch__.M,
              x: Tensor,
              exponent: float) -> Tensor:
              positive = torch.gt(x, 0)
              safe = torch.where(positive, x, torch.ones_like(x))
              return torch.where(positive, torch.pow(safe, exponent), torch.zeros_like(x))
          """);

  private NormalizationOperators() {}

  /** The p-th root of an expression that is nowhere negative. */
  static String root(CodeContext c, String x, long p) {
    if (p == 1) {
      return x;
    }
    c.method(ROOT);
    return "(self).root(%s, %s, )".formatted(x, 1.0 / p);
  }

  /** A vector of channels, shaped to go with a tensor N×C×spatial of a rank. */
  static String alongChannels(String vector, int rank) {
    List<Long> sizes = new ArrayList<>(List.of(-1L));
    sizes.addAll(Collections.nCopies(rank - 2, 1L));
    return "torch.reshape(%s, %s)".formatted(vector, Window.list(sizes));
  }

  private static String epsilon(NodeContext c) {
    return Literals.number(c.attributes().number("epsilon", 1e-5f));
  }

  private static Dim channels(NodeContext c, int least) {
    if (c.shape(0).rank() < least) {
      throw c.error("expected an input N×C…, found " + c.shape(0));
    }
    return c.shape(0).dim(1);
  }

  /** Checks that an input is a vector with as many values as there are channels or groups. */
  private static void requireVector(NodeContext c, int input, Dim channels) {
    long values = c.shape(input).elements();
    if (channels.known() && values != Dim.UNKNOWN && values != channels.size()) {
      throw c.error(
          "%d values of `%s` for the %s channels of %s"
              .formatted(values, c.node().input(input), channels, c.shape(0)));
    }
  }

  private static List<TensorShape> batchNormShapes(ShapeContext c) {
    Dim channels = channels(c, 2);
    for (int i = 1; i <= 4; i++) {
      requireVector(c, i, channels);
    }
    TensorShape vector = TensorShape.of(channels);
    if (!trains(c)) {
      return List.of(c.shape(0));
    }
    return c.opset() < 14
        ? List.of(c.shape(0), vector, vector, vector, vector)
        : List.of(c.shape(0), vector, vector);
  }

  /** Before opset 14, further outputs said that the node trains. */
  private static boolean trains(NodeContext c) {
    return c.opset() < 14
        ? c.node().outputs().size() > 1
        : c.attributes().flag("training_mode", false);
  }

  private static List<String> batchNormCodes(CodeContext c) {
    float momentum = c.attributes().number("momentum", 0.9f);
    if (!trains(c)) {
      // ONNX's momentum weighs the old statistics, ATen's the new ones.
      return List.of(
          "torch.batch_norm(%s, %s, %s, %s, %s, %s, %s, %s, False)"
              .formatted(
                  c.input(0),
                  c.input(1),
                  c.input(2),
                  c.input(3),
                  c.input(4),
                  Literals.flag(c.liveStatistics()),
                  1 - momentum,
                  epsilon(c)));
    }
    List<Long> axes = new ArrayList<>(List.of(0L));
    axes.addAll(spatialAxes(c));
    String list = Window.list(axes);
    String mean = c.let("torch.mean(%s, %s, False)".formatted(c.input(0), list));
    String variance = c.let("torch.var(%s, %s, False, False)".formatted(c.input(0), list));
    String y =
        "torch.batch_norm(%s, %s, %s, None, None, True, 0., %s, False)"
            .formatted(c.input(0), c.input(1), c.input(2), epsilon(c));
    return List.of(
        y,
        mixed(c.input(3), mean, momentum),
        mixed(c.input(4), variance, momentum),
        mean,
        variance);
  }

  private static String mixed(String old, String current, float momentum) {
    return "torch.add(torch.mul(%s, %s), torch.mul(%s, %s))"
        .formatted(old, momentum, current, 1 - momentum);
  }

  private static List<Long> spatialAxes(NodeContext c) {
    return LongStream.range(2, c.shape(0).rank()).boxed().toList();
  }

  private static TensorShape instanceNormShape(ShapeContext c) {
    Dim channels = channels(c, 3);
    requireVector(c, 1, channels);
    requireVector(c, 2, channels);
    return c.shape(0);
  }

  private static long groups(NodeContext c) {
    long groups = c.attributes().integer("num_groups", 0);
    Dim channels = channels(c, 2);
    if (groups < 1 || (channels.known() && channels.size() % groups != 0)) {
      throw c.error(
          "num_groups: expected a divisor of the %s channels, found %d"
              .formatted(channels, groups));
    }
    return groups;
  }

  private static TensorShape groupNormShape(ShapeContext c) {
    Dim vector = perGroup(c) ? Dim.of(groups(c)) : channels(c, 2);
    groups(c);
    requireVector(c, 1, vector);
    requireVector(c, 2, vector);
    return c.shape(0);
  }

  /** Before opset 21 scale and bias had a value a group, since then a value a channel. */
  private static boolean perGroup(NodeContext c) {
    return c.opset() < 21;
  }

  private static String groupNormCode(CodeContext c) {
    long groups = groups(c);
    String scale = c.input(1);
    String bias = c.input(2);
    if (perGroup(c)) {
      String each = c.let("torch.floordiv(torch.size(%s, 1), %d)".formatted(c.input(0), groups));
      String spread = "torch.repeat_interleave(%s, %s)";
      scale = c.let(spread.formatted(scale, each));
      bias = c.let(spread.formatted(bias, each));
    }
    return "torch.group_norm(%s, %d, %s, %s, %s, False)"
        .formatted(c.input(0), groups, scale, bias, epsilon(c));
  }

  /** The first of the axes that are normalized together. */
  private static int axis(NodeContext c) {
    int rank = c.shape(0).rank();
    return Axes.axis(c, c.attributes().integer("axis", -1), rank);
  }

  /** The axes from the first that is normalized to the last. */
  private static TensorShape normalized(NodeContext c, int axis) {
    TensorShape shape = c.shape(0);
    return new TensorShape(shape.dims().subList(axis, shape.rank()));
  }

  private static void requireBroadcast(NodeContext c, int input, int axis) {
    if (c.has(input)
        && ElementwiseOperators.broadcast(c, c.shape(0), c.shape(input)).rank()
            > c.shape(0).rank()) {
      throw c.error(
          "`%s` %s does not broadcast to the axes from %d on of %s"
              .formatted(c.node().input(input), c.shape(input), axis, c.shape(0)));
    }
  }

  private static List<TensorShape> layerNormShapes(ShapeContext c) {
    int axis = axis(c);
    requireBroadcast(c, 1, axis);
    requireBroadcast(c, 2, axis);
    TensorShape statistics = c.shape(0);
    for (int i = axis; i < statistics.rank(); i++) {
      statistics = statistics.with(i, Dim.of(1));
    }
    return List.of(c.shape(0), statistics, statistics);
  }

  private static List<String> layerNormCodes(CodeContext c) {
    int axis = axis(c);
    int rank = c.shape(0).rank();
    // ATen scales by itself where scale and bias have the normalized axes' own shape.
    TensorShape normalized = normalized(c, axis);
    boolean own =
        normalized.known()
            && c.shape(1).equals(normalized)
            && (!c.has(2) || c.shape(2).equals(normalized));
    String sizes =
        normalized.known()
            ? Window.list(normalized.dims().stream().map(Dim::size).toList())
            : c.let("torch.slice(torch.size(%s), %d, %d, 1)".formatted(c.input(0), axis, rank));
    String arguments =
        "(%s, %s, %s, %s, %s"
            .formatted(
                c.input(0),
                sizes,
                own ? c.input(1) : "None",
                own ? c.optional(2) : "None",
                epsilon(c));
    if (c.node().outputs().size() == 1) {
      return List.of(scaled(c, "torch.layer_norm" + arguments + ", False)", own));
    }
    String all = c.let("torch.native_layer_norm" + arguments + ")");
    return List.of(scaled(c, all + "[0]", own), all + "[1]", all + "[2]");
  }

  private static String scaled(CodeContext c, String y, boolean done) {
    if (done) {
      return y;
    }
    String product = "torch.mul(%s, %s)".formatted(y, c.input(1));
    return c.has(2) ? "torch.add(%s, %s)".formatted(product, c.input(2)) : product;
  }

  private static String rmsNormCode(CodeContext c) {
    String axes = Window.list(LongStream.range(axis(c), c.shape(0).rank()).boxed().toList());
    String x = c.input(0);
    String mean = c.let("torch.mean(torch.mul(%s, %s), %s, True)".formatted(x, x, axes));
    return "torch.mul(torch.mul(%s, torch.rsqrt(torch.add(%s, %s))), %s)"
        .formatted(x, mean, epsilon(c), c.input(1));
  }

  private static TensorShape lrnShape(ShapeContext c) {
    channels(c, 3);
    if (c.attributes().integer("size", 0) < 1) {
      throw c.error("attribute `size`: expected at least 1");
    }
    return c.shape(0);
  }

  /** Divides by a power of the squares added up over neighbouring channels. */
  private static String lrnCode(CodeContext c) {
    long size = c.attributes().integer("size", 1);
    float alpha = c.attributes().number("alpha", 1e-4f);
    float beta = c.attributes().number("beta", 0.75f);
    float bias = c.attributes().number("bias", 1);
    List<Long> pads = new ArrayList<>(Collections.nCopies(2 * (c.shape(0).rank() - 2), 0L));
    pads.add((size - 1) / 2);
    pads.add(size / 2);
    String x = c.input(0);
    String padded =
        c.let(
            "torch.constant_pad_nd(torch.mul(%s, %s), %s, 0.)".formatted(x, x, Window.list(pads)));
    String sum =
        c.let("torch.sum(torch.unfold(%s, 1, %d, 1), [-1], False)".formatted(padded, size));
    return "torch.div(%s, torch.pow(torch.add(torch.mul(%s, %s), %s), %s))"
        .formatted(x, sum, alpha / size, Literals.number(bias), Literals.number(beta));
  }

  private static String lpNormCode(CodeContext c) {
    long p = c.attributes().integer("p", 2);
    if (p != 1 && p != 2) {
      throw c.error("attribute `p`: expected 1 or 2, found " + p);
    }
    String x = c.input(0);
    String powers = p == 1 ? "torch.abs(" + x + ")" : "torch.mul(" + x + ", " + x + ")";
    String norm = c.let(root(c, "torch.sum(%s, [%d], True)".formatted(powers, axis(c)), p));
    // Where the norm is 0, so are the values: they stay.
    return "torch.div(%1$s, torch.where(torch.gt(%2$s, 0), %2$s, torch.ones_like(%2$s)))"
        .formatted(x, norm);
  }

  private static List<Long> varianceAxes(NodeContext c) {
    int rank = c.shape(0).rank();
    return c.attributes().integers("axes").orElse(List.of(0L, 2L, 3L)).stream()
        .map(a -> (long) Axes.axis(c, a, rank))
        .toList();
  }

  private static String meanVarianceCode(CodeContext c) {
    String axes = Window.list(varianceAxes(c));
    String mean = "torch.mean(%s, %s, True)".formatted(c.input(0), axes);
    String centred = c.let("torch.sub(%s, %s)".formatted(c.input(0), mean));
    String variance =
        c.let("torch.mean(torch.mul(%1$s, %1$s), %2$s, True)".formatted(centred, axes));
    return "torch.div(%s, torch.add(%s, 1.0e-09))".formatted(centred, root(c, variance, 2));
  }
}
