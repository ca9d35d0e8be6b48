package io.qalibre.graph;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.graph.op.ShapeContext;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Works out the shape of every tensor of a graph from the shapes of its inputs. */
public final class ShapeInference {
  private final Graph graph;
  private final Map<String, TensorShape> shapes = new LinkedHashMap<>();

  private ShapeInference(Graph graph) {
    this.graph = graph;
  }

  /**
   * The shape of every tensor, with the symbolic dimensions of the inputs.
   *
   * @throws io.qalibre.errors.QalibreException if shapes do not go together, naming the node
   */
  public static Map<String, TensorShape> infer(Graph graph) {
    return new ShapeInference(graph).run(TensorShapes.AS_DECLARED);
  }

  /**
   * The shape of every tensor when each unknown size of the inputs is {@code size}; with 1, those
   * of a single sample.
   */
  public static Map<String, TensorShape> infer(Graph graph, long size) {
    return new ShapeInference(graph).run(shape -> shape.fix(size));
  }

  /** The multiply-accumulate operations of each operator for one sample, by node name. */
  public static Map<String, Long> macs(Graph graph) {
    ShapeInference inference = new ShapeInference(graph);
    inference.run(shape -> shape.fix(1));
    Map<String, Long> macs = new LinkedHashMap<>();
    for (OperatorNode node : graph.operators()) {
      macs.put(node.name(), OperatorCatalogue.get(node).macs(inference.context(node)));
    }
    return macs;
  }

  private Map<String, TensorShape> run(TensorShapes inputs) {
    graph.initializers().forEach((tensor, value) -> shapes.put(tensor, value.shape()));
    graph.inputs().forEach(input -> shapes.put(input.name(), inputs.of(input.shape())));
    for (Node node : graph.nodes()) {
      if (node instanceof QuantizerNode quantizer) {
        shapes.put(quantizer.output(), shape(quantizer.input()));
      } else if (node instanceof OperatorNode operator) {
        List<TensorShape> outputs = outputs(operator);
        for (int i = 0; i < Math.min(outputs.size(), operator.outputs().size()); i++) {
          shapes.put(operator.outputs().get(i), outputs.get(i));
        }
      }
    }
    return Collections.unmodifiableMap(shapes);
  }

  /**
   * The shapes that an operator's rule gives. Rules are written for nodes that follow ONNX's
   * specification; what else a file may hold (attributes of another type, sizes whose product is no
   * long, too few dimensions) trips them over one of Java's own errors, which name no node.
   */
  private List<TensorShape> outputs(OperatorNode node) {
    try {
      return OperatorCatalogue.get(node).shapes(context(node));
    } catch (QalibreException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new QalibreException(
          "%s node `%s`: expected inputs and attributes that follow ONNX's specification, found %s"
                  .formatted(node.type(), node.name(), node.attributes().values())
              + " ("
              + e
              + ")",
          e);
    }
  }

  private TensorShape shape(String tensor) {
    TensorShape shape = shapes.get(tensor);
    if (shape == null) {
      throw new IllegalStateException("no shape for " + tensor + " in " + graph.name());
    }
    return shape;
  }

  private ShapeContext context(OperatorNode node) {
    return new ShapeContext() {
      @Override
      public OperatorNode node() {
        return node;
      }

      @Override
      public TensorShape shape(int input) {
        if (!node.hasInput(input)) {
          throw error("input " + input + " is missing");
        }
        return ShapeInference.this.shape(node.input(input));
      }

      @Override
      public Optional<Tensor> constant(int input) {
        return Optional.ofNullable(graph.initializers().get(node.input(input)));
      }
    };
  }

  /** What an input's declared shape is taken to be. */
  private interface TensorShapes {
    TensorShapes AS_DECLARED = shape -> shape;

    TensorShape of(TensorShape declared);
  }
}
