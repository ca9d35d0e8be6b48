package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Convolutions, matrix products and normalizations: the operators with weights. */
final class MatrixOperators {
  static final List<Operator> ALL =
      List.of(
          Operator.named("Conv")
              .fresh()
              .shape(MatrixOperators::convShape)
              .code(MatrixOperators::convCode)
              .macs(MatrixOperators::convMacs)
              .parameter(1, ParameterSlot.weight(node -> 0))
              .parameter(2, ParameterSlot.BIAS)
              .build(),
          Operator.named("Gemm")
              .fresh()
              .shape(MatrixOperators::gemmShape)
              .code(MatrixOperators::gemmCode)
              .macs(c -> products(c, gemmShape(c), gemmInner(c)))
              .parameter(1, ParameterSlot.weight(MatrixOperators::gemmChannelAxis))
              .parameter(2, ParameterSlot.BIAS)
              .build(),
          Operator.named("MatMul")
              .fresh()
              .shape(MatrixOperators::matmulShape)
              .code(c -> "torch.matmul(" + c.input(0) + ", " + c.input(1) + ")")
              .macs(c -> products(c, matmulShape(c), c.shape(0).dim(-1).size()))
              .parameter(1, ParameterSlot.weight(node -> 1))
              .build(),
          Operator.named("BatchNormalization")
              .fresh()
              .shape(MatrixOperators::batchNormShape)
              .code(MatrixOperators::batchNormCode)
              .parameter(1, ParameterSlot.vector("weight"))
              .parameter(2, ParameterSlot.BIAS)
              .parameter(3, ParameterSlot.vector("running_mean"))
              .parameter(4, ParameterSlot.vector("running_var"))
              .build());

  private MatrixOperators() {}

  private static Window convWindow(NodeContext c) {
    TensorShape weight = c.shape(1);
    return Window.of(c, Arrays.stream(weight.sizes()).skip(2).boxed().toList());
  }

  private static TensorShape convShape(ShapeContext c) {
    TensorShape input = c.shape(0);
    TensorShape weight = c.shape(1);
    if (weight.rank() != input.rank()) {
      throw c.error("weight " + weight + " does not go with input " + input);
    }
    long groups = c.attributes().integer("group", 1);
    Dim channels = input.dim(1);
    if (channels.known() && channels.size() != weight.dim(1).size() * groups) {
      throw c.error(
          "weight "
              + weight
              + " in "
              + groups
              + " groups takes "
              + weight.dim(1).size() * groups
              + " channels, found the input "
              + input);
    }
    return convWindow(c).slide(c, input, false).with(1, weight.dim(0));
  }

  private static String convCode(CodeContext c) {
    Window window = convWindow(c);
    return "torch.conv%dd(%s, %s, %s, %s, %s, %s, %d)"
        .formatted(
            window.axes(),
            window.padded(c.input(0), "0."),
            c.input(1),
            c.optional(2),
            Window.list(window.strides()),
            Window.list(window.implicit()),
            Window.list(window.dilations()),
            c.attributes().integer("group", 1));
  }

  private static long convMacs(ShapeContext c) {
    TensorShape weight = c.shape(1);
    long perOutput = weight.elements() / Math.max(1, weight.dim(0).size());
    return products(c, convShape(c), perOutput);
  }

  private static long products(ShapeContext c, TensorShape output, long perOutput) {
    long outputs = output.elements();
    if (outputs < 0 || perOutput < 0) {
      throw c.error("the cost needs known shapes, found " + output);
    }
    return outputs * perOutput;
  }

  private static int gemmChannelAxis(OperatorNode node) {
    return node.attributes().flag("transB", false) ? 0 : 1;
  }

  private static TensorShape gemmShape(ShapeContext c) {
    boolean transposedA = c.attributes().flag("transA", false);
    TensorShape a = c.shape(0);
    TensorShape b = c.shape(1);
    if (a.rank() != 2 || b.rank() != 2) {
      throw c.error("expected two matrices, found " + a + " and " + b);
    }
    int outputAxis = gemmChannelAxis(c.node());
    Dim inner = a.dim(transposedA ? 0 : 1);
    Dim weightInner = b.dim(1 - outputAxis);
    if (inner.known() && weightInner.known() && inner.size() != weightInner.size()) {
      throw c.error("inner sizes differ: " + a + " by " + b);
    }
    return TensorShape.of(a.dim(transposedA ? 1 : 0), b.dim(outputAxis));
  }

  private static long gemmInner(ShapeContext c) {
    return c.shape(1).dim(1 - gemmChannelAxis(c.node())).size();
  }

  private static String gemmCode(CodeContext c) {
    float alpha = c.attributes().number("alpha", 1);
    float beta = c.attributes().number("beta", 1);
    boolean transposedA = c.attributes().flag("transA", false);
    boolean transposedB = c.attributes().flag("transB", false);
    if (alpha == 1
        && beta == 1
        && !transposedA
        && transposedB
        && (!c.has(2) || c.shape(2).rank() == 1)) {
      return "torch.linear(%s, %s, %s)".formatted(c.input(0), c.input(1), c.optional(2));
    }
    String a = transposedA ? "torch.t(" + c.input(0) + ")" : c.input(0);
    String b = transposedB ? "torch.t(" + c.input(1) + ")" : c.input(1);
    return c.has(2)
        ? "torch.addmm(%s, %s, %s, beta=%s, alpha=%s)".formatted(c.input(2), a, b, beta, alpha)
        : "torch.mul(torch.mm(%s, %s), %s)".formatted(a, b, alpha);
  }

  private static TensorShape matmulShape(ShapeContext c) {
    TensorShape a = c.shape(0);
    TensorShape b = c.shape(1);
    if (a.rank() < 2 || b.rank() < 2) {
      throw c.error("expected at least matrices, found " + a + " and " + b);
    }
    Dim inner = a.dim(-1);
    if (inner.known() && b.dim(-2).known() && inner.size() != b.dim(-2).size()) {
      throw c.error("inner sizes differ: " + a + " by " + b);
    }
    TensorShape batch = ElementwiseOperators.broadcast(c, leading(a), leading(b));
    List<Dim> dims = new ArrayList<>(batch.dims());
    dims.add(a.dim(-2));
    dims.add(b.dim(-1));
    return new TensorShape(dims);
  }

  private static TensorShape leading(TensorShape shape) {
    return new TensorShape(shape.dims().subList(0, shape.rank() - 2));
  }

  private static TensorShape batchNormShape(ShapeContext c) {
    TensorShape input = c.shape(0);
    if (input.rank() < 2) {
      throw c.error("expected an input N×C…, found " + input);
    }
    Dim channels = input.dim(1);
    for (int i = 1; i <= 4; i++) {
      long values = c.shape(i).elements();
      if (channels.known() && values != Dim.UNKNOWN && values != channels.size()) {
        throw c.error(
            "%d values of `%s` for the %s channels of %s"
                .formatted(values, c.node().input(i), channels, input));
      }
    }
    return input;
  }

  private static String batchNormCode(CodeContext c) {
    // ONNX's momentum weighs the old statistics, ATen's the new ones.
    return "torch.batch_norm(%s, %s, %s, %s, %s, %s, %s, %s, False)"
        .formatted(
            c.input(0),
            c.input(1),
            c.input(2),
            c.input(3),
            c.input(4),
            c.liveStatistics() ? "True" : "False",
            1 - c.attributes().number("momentum", 0.9f),
            c.attributes().number("epsilon", 1e-5f));
  }
}
