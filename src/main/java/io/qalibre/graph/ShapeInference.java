package io.qalibre.graph;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.op.Operator;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.graph.op.ShapeContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Works out the shape and type of every tensor of a graph from those of its inputs. */
public final class ShapeInference {
  private ShapeInference() {}

  /**
   * What is known of every tensor, with the symbolic dimensions of the inputs.
   *
   * @throws io.qalibre.errors.QalibreException if shapes do not go together, naming the node
   */
  public static TensorFacts facts(Graph graph) {
    return run(graph, UnaryOperator.identity());
  }

  /**
   * The shape of every tensor, with the symbolic dimensions of the inputs.
   *
   * @throws io.qalibre.errors.QalibreException if shapes do not go together, naming the node
   */
  public static Map<String, TensorShape> infer(Graph graph) {
    return facts(graph).shapes();
  }

  /**
   * The shape of every tensor when each unknown size of the inputs is {@code size}; with 1, those
   * of a single sample.
   */
  public static Map<String, TensorShape> infer(Graph graph, long size) {
    return run(graph, shape -> shape.fix(size)).shapes();
  }

  /** The multiply-accumulate operations of each operator for one sample, by node name. */
  public static Map<String, Long> macs(Graph graph) {
    TensorFacts facts = run(graph, shape -> shape.fix(1));
    Map<String, Long> macs = new LinkedHashMap<>();
    for (OperatorNode node : graph.operators()) {
      macs.put(node.name(), OperatorCatalogue.get(node).macs(facts.context(node)));
    }
    return macs;
  }

  private static TensorFacts run(Graph graph, UnaryOperator<TensorShape> inputs) {
    TensorFacts facts = new TensorFacts(graph);
    for (ValueInfo input : graph.inputs()) {
      facts.put(input.name(), inputs.apply(input.shape()), input.type());
    }
    for (Node node : graph.nodes()) {
      if (node instanceof QuantizerNode quantizer) {
        facts.put(quantizer.output(), facts.shape(quantizer.input()), DataType.FLOAT);
      } else if (node instanceof OperatorNode operator) {
        inferNamed(operator, facts);
      }
    }
    return facts;
  }

  /**
   * Rules are written for nodes that follow ONNX's specification; what else a file may hold
   * (attributes of another type, sizes whose product is no long, too few dimensions) trips them
   * over one of Java's own errors, which name no node.
   */
  private static void inferNamed(OperatorNode node, TensorFacts facts) {
    try {
      infer(node, facts);
    } catch (QalibreException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new QalibreException(
          "%s node `%s`: expected inputs and attributes that follow ONNX's specification, found %s (%s)"
              .formatted(node.type(), node.name(), node.attributes().values(), e),
          e);
    }
  }

  private static void infer(OperatorNode node, TensorFacts facts) {
    ShapeContext context = facts.context(node);
    Operator operator = OperatorCatalogue.get(node);
    List<TensorShape> shapes = operator.shapes(context);
    if (shapes.size() < node.outputs().size()) {
      throw context.error(
          "it gives at most " + shapes.size() + " outputs, found " + node.outputs());
    }
    for (int i = 0; i < node.outputs().size(); i++) {
      if (!node.outputs().get(i).isEmpty()) {
        facts.put(node.outputs().get(i), shapes.get(i), operator.type(context, i));
      }
    }
    operator.values(context).ifPresent(values -> facts.values(node.output(), values));
  }
}
