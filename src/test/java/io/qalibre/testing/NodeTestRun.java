package io.qalibre.testing;

import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.engine.Runner;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Runs a node test: its model is read, run on its inputs, and the outputs are compared. */
public final class NodeTestRun {
  private static final int LONGEST_REASON = 240;

  private NodeTestRun() {}

  /** Why a test fails, in one line; empty where it passes. */
  public static Optional<String> failure(NodeTest test, NodeTestData data) {
    try {
      return run(test, data);
    } catch (Throwable e) {
      // Whatever a model brings about is its failure: a stack overflow must not end the others.
      return Optional.of(reason(e));
    }
  }

  private static Optional<String> run(NodeTest test, NodeTestData data) throws IOException {
    Graph graph = OnnxReader.read("model.onnx", data.model(test));
    Map<String, Tensor> inputs = new HashMap<>();
    for (TensorProto input : data.inputs(test)) {
      inputs.put(input.getName(), OnnxNumbers.tensor(input));
    }
    Map<String, Tensor> outputs = Runner.run(Simulation.of(graph), inputs);
    for (TensorProto expected : data.outputs(test)) {
      Optional<String> difference =
          OutputCheck.difference(test, expected, outputs.get(expected.getName()));
      if (difference.isPresent()) {
        return difference.map(d -> "output `" + expected.getName() + "`: " + d);
      }
    }
    return Optional.empty();
  }

  /** The first line of an error's message, with the kind of error unless Qalibre raised it. */
  private static String reason(Throwable e) {
    String message =
        String.valueOf(e.getMessage())
            .lines()
            .filter(line -> !line.isBlank())
            .findFirst()
            .orElse("");
    boolean own = e instanceof QalibreException || e instanceof AssertionError;
    String line =
        (own ? message : e.getClass().getSimpleName() + ": " + message).strip().replace('\t', ' ');
    return line.length() > LONGEST_REASON ? line.substring(0, LONGEST_REASON) + "…" : line;
  }
}
