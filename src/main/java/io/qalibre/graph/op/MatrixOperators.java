package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.List;

/** Matrix products. */
final class MatrixOperators {
  static final List<Operator> ALL =
      List.of(
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
          Operator.named("Einsum")
              .shape(c -> EinsumEquation.of(c).shape(c))
              .code(MatrixOperators::einsumCode)
              .macs(c -> EinsumEquation.of(c).macs(c))
              .build());

  private MatrixOperators() {}

  /** The cost of computing each output from as many products. */
  static long products(ShapeContext c, TensorShape output, long perOutput) {
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
    requireInner(c, a.dim(transposedA ? 0 : 1), b.dim(1 - outputAxis));
    TensorShape result = TensorShape.of(a.dim(transposedA ? 1 : 0), b.dim(outputAxis));
    if (c.has(2) && !broadcastsTo(c.shape(2), result)) {
      throw c.error("the third input " + c.shape(2) + " does not broadcast to " + result);
    }
    return result;
  }

  private static void requireInner(NodeContext c, Dim a, Dim b) {
    if (a.known() && b.known() && a.size() != b.size()) {
      throw c.error("inner sizes differ: " + c.shape(0) + " by " + c.shape(1));
    }
  }

  private static boolean broadcastsTo(TensorShape shape, TensorShape result) {
    boolean fits = shape.rank() <= result.rank();
    for (int i = 1; fits && i <= shape.rank(); i++) {
      Dim from = shape.dim(-i);
      Dim to = result.dim(-i);
      fits = !from.known() || !to.known() || from.size() == 1 || from.size() == to.size();
    }
    return fits;
  }

  private static long gemmInner(ShapeContext c) {
    return c.shape(1).dim(1 - gemmChannelAxis(c.node())).size();
  }

  private static String gemmCode(CodeContext c) {
    float alpha = c.attributes().number("alpha", 1);
    float beta = c.attributes().number("beta", 1);
    boolean transposedA = c.attributes().flag("transA", false);
    boolean transposedB = c.attributes().flag("transB", false);
    boolean floats = c.type(0) == DataType.FLOAT;
    if (floats
        && alpha == 1
        && beta == 1
        && !transposedA
        && transposedB
        && (!c.has(2) || c.shape(2).rank() == 1)) {
      return "torch.linear(%s, %s, %s)".formatted(c.input(0), c.input(1), c.optional(2));
    }
    String a = transposedA ? "torch.t(" + c.input(0) + ")" : c.input(0);
    String b = transposedB ? "torch.t(" + c.input(1) + ")" : c.input(1);
    return c.has(2)
        ? "torch.addmm(%s, %s, %s, beta=%s, alpha=%s)"
            .formatted(c.input(2), a, b, factor(c, beta), factor(c, alpha))
        : "torch.mul(torch.mm(%s, %s), %s)".formatted(a, b, factor(c, alpha));
  }

  /** A factor as ATen takes it for the inputs' type: whole for products of integers. */
  private static String factor(NodeContext c, float factor) {
    if (c.type(0) == DataType.FLOAT) {
      return Literals.number(factor);
    }
    if (factor != Math.rint(factor)) {
      throw c.error("expected whole alpha and beta for integers, found " + factor);
    }
    return Long.toString((long) factor);
  }

  private static TensorShape matmulShape(ShapeContext c) {
    TensorShape a = c.shape(0);
    TensorShape b = c.shape(1);
    if (a.rank() < 1 || b.rank() < 1) {
      throw c.error("expected at least vectors, found " + a + " and " + b);
    }
    requireInner(c, a.dim(-1), b.dim(b.rank() == 1 ? -1 : -2));
    TensorShape batch = ElementwiseOperators.broadcast(c, leading(a), leading(b));
    List<Dim> dims = new ArrayList<>(batch.dims());
    if (a.rank() > 1) {
      dims.add(a.dim(-2));
    }
    if (b.rank() > 1) {
      dims.add(b.dim(-1));
    }
    return new TensorShape(dims);
  }

  private static TensorShape leading(TensorShape shape) {
    return new TensorShape(shape.dims().subList(0, Math.max(0, shape.rank() - 2)));
  }

  private static String einsumCode(CodeContext c) {
    List<String> operands = new ArrayList<>();
    for (int i = 0; i < c.node().inputs().size(); i++) {
      operands.add(c.input(i));
    }
    return "torch.einsum(\"%s\", [%s], path=None)"
        .formatted(EinsumEquation.of(c).text(), String.join(", ", operands));
  }
}
