package io.qalibre.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.TensorEncoding;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** y = g · quantized(w), with a g that makes every element's gradient another one. */
final class SingleQuantizer {
  private SingleQuantizer() {}

  static Simulation simulation(QuantizerSpec spec, Tensor w, Tensor g, TensorEncoding encoding) {
    QuantizerPlacement placement =
        new QuantizerPlacement(QuantizerPlacement.Kind.WEIGHT, "Mul", true, "test");
    TensorShape shape = TensorShape.of(Dim.symbolic("N"), Dim.of(g.sizes()[1]));
    Graph graph =
        new GraphBuilder("single")
            .input(new ValueInfo("g", DataType.FLOAT, shape))
            .initializer("w", w)
            .node(new QuantizerNode("w", "w", "w", "w_qdq", spec, placement))
            .node(
                new OperatorNode("y", "Mul", List.of("g", "w_qdq"), List.of("y"), Attributes.NONE))
            .output(new ValueInfo("y", DataType.FLOAT, shape))
            .build();
    return new Simulation(graph, Map.of("w", encoding));
  }

  /**
   * The gradients of the sum of the outputs, by the names of what learns; {@code y}: the outputs.
   */
  static Map<String, float[]> gradients(TrainableBlock block, Tensor g, NDManager manager) {
    Map<String, float[]> gradients = new TreeMap<>();
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      NDArray x = Transfer.toArray(manager, g);
      NDArray y = block.forward(new ParameterStore(manager, false), new NDList(x), true).head();
      gradients.put("y", y.toFloatArray());
      collector.backward(y.sum());
    }
    for (Parameter parameter : block.getParameters().values()) {
      if (parameter.requiresGradient()) {
        try (NDArray gradient = parameter.getArray().getGradient()) {
          gradients.put(parameter.getName(), gradient.toFloatArray());
        }
      }
    }
    return gradients;
  }
}
