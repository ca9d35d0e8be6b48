package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxFormatException;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds what the QuantizeLinear and DequantizeLinear of a QDQ file stand for. */
final class QdqPairs {
  private static final String QUANTIZE = "QuantizeLinear";
  private static final String DEQUANTIZE = "DequantizeLinear";

  /** ONNX Runtime's own domain, which had codes of 16 bits before ONNX. */
  private static final String RUNTIME = "com.microsoft::";

  private final Graph graph;
  private final Map<String, Dequantized> found = new LinkedHashMap<>();
  private final Set<String> clips = new HashSet<>();
  private final List<String> problems = new ArrayList<>();

  private QdqPairs(Graph graph) {
    this.graph = graph;
    for (OperatorNode node : graph.operators()) {
      try {
        if (isQuantize(node)) {
          requirePaired(node);
        } else if (isDequantize(node)) {
          found.put(node.output(), dequantized(node));
        }
      } catch (QalibreException e) {
        problems.add(e.getMessage());
      }
    }
  }

  /**
   * Looks at all of a file's nodes.
   *
   * @param file the file's name, for errors
   * @throws OnnxFormatException if there is none, or some cannot be turned back into quantizers,
   *     all of which the message lists
   */
  static QdqPairs of(Graph graph, String file) {
    QdqPairs pairs = new QdqPairs(graph);
    if (!pairs.problems.isEmpty()) {
      throw new OnnxFormatException(
          file,
          "",
          "pairs of QuantizeLinear and DequantizeLinear",
          "what is no pair of a quantizer:\n  " + String.join("\n  ", pairs.problems));
    }
    if (pairs.found.isEmpty()) {
      throw new OnnxFormatException(
          file,
          "",
          "pairs of QuantizeLinear and DequantizeLinear",
          "none; a float network is read by load");
    }
    return pairs;
  }

  /** What the node that writes a tensor stands for, by that tensor. */
  Map<String, Dequantized> found() {
    return found;
  }

  /** Whether a node is part of a quantizer. */
  boolean isPart(OperatorNode node) {
    return isQuantize(node) || isDequantize(node) || clips.contains(node.name());
  }

  /** A problem with a node. */
  static QalibreException error(OperatorNode node, String expected, String found) {
    return new QalibreException(label(node) + ": expected " + expected + ", found " + found);
  }

  /** How errors name a node. */
  static String label(OperatorNode node) {
    return node.type() + " `" + node.name() + "`";
  }

  private static boolean isQuantize(Node node) {
    return node instanceof OperatorNode operator && plain(operator).equals(QUANTIZE);
  }

  private static boolean isDequantize(Node node) {
    return node instanceof OperatorNode operator && plain(operator).equals(DEQUANTIZE);
  }

  private static String plain(OperatorNode node) {
    return node.type().startsWith(RUNTIME) ? node.type().substring(RUNTIME.length()) : node.type();
  }

  /** Codes that something else than a DequantizeLinear takes are computed with as integers. */
  private void requirePaired(OperatorNode node) {
    for (Node reader : graph.consumers(node.output())) {
      if (!isDequantize(reader)) {
        throw error(node, "a DequantizeLinear that reads its codes", label((OperatorNode) reader));
      }
    }
    if (graph.isOutput(node.output())) {
      throw error(node, "a DequantizeLinear that reads its codes", "codes as the network's output");
    }
  }

  private Dequantized dequantized(OperatorNode node) {
    String codes = node.input(0);
    Tensor stored = graph.initializers().get(codes);
    if (stored != null) {
      return stored(node, stored);
    }
    Node producer = graph.producer(codes).orElse(null);
    if (producer instanceof OperatorNode quantize && isQuantize(quantize)) {
      return pair(quantize, node);
    }
    throw error(
        node,
        "codes that are stored or made by a QuantizeLinear",
        producer instanceof OperatorNode operator
            ? "integers computed by " + label(operator)
            : "the network's input `" + codes + "`");
  }

  private Dequantized stored(OperatorNode node, Tensor codes) {
    LinearGrid grid = LinearGrid.of(graph, node, codes.sizes());
    if (codes.type() == DataType.INT32) {
      return new Dequantized.Bias(node.input(0), node.output(), grid.dequantize(codes));
    }
    TensorEncoding encoding = grid.encoding(CodeType.of(node, codes.type().onnx()));
    return new Dequantized.Constant(
        node.input(0), node.output(), encoding, grid.dequantize(codes), true);
  }

  private Dequantized pair(OperatorNode quantize, OperatorNode node) {
    String tensor = quantize.input(0);
    Tensor constant = graph.initializers().get(tensor);
    long[] shape = constant == null ? new long[0] : constant.sizes();
    CodeType made = type(quantize, CodeType.UINT8);
    TensorEncoding encoding = LinearGrid.of(graph, quantize, shape).encoding(made);
    TensorEncoding read = LinearGrid.of(graph, node, shape).encoding(type(node, made));
    if (!encoding.equals(read)) {
      throw error(node, "scale and zero point of " + label(quantize), "others");
    }
    if (constant != null) {
      return new Dequantized.Constant(tensor, node.output(), encoding, constant, false);
    }
    ClippedGrid clipped = ClippedGrid.of(graph, tensor, encoding.first()).orElse(null);
    if (clipped == null) {
      return new Dequantized.Activation(tensor, node.output(), encoding);
    }
    clips.add(clipped.clip().name());
    return new Dequantized.Activation(
        clipped.clip().input(0), node.output(), TensorEncoding.perTensor(clipped.grid()));
  }

  /** The codes' type is the zero point's, or since operator set 21 what an attribute says. */
  private CodeType type(OperatorNode node, CodeType otherwise) {
    Tensor zero = node.hasInput(2) ? graph.initializers().get(node.input(2)) : null;
    if (zero != null) {
      return CodeType.of(node, zero.type().onnx());
    }
    long given = isQuantize(node) ? node.attributes().integer("output_dtype", 0) : 0;
    return given == 0 ? otherwise : CodeType.of(node, (int) given);
  }
}
