package io.qalibre.export;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Runner;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs an export's QDQ file in ONNX Runtime beside the simulation. */
final class Verifier {
  private final Export export;
  private final List<ValueInfo> inputs;

  Verifier(Export export) {
    this.export = export;
    inputs = export.simulation().graph().inputs();
  }

  /** See {@link Export#verify}. */
  Verification verify(Dataset samples) {
    Path floatFile = export.onnx().path();
    Path int8File = export.qdq().path();
    OutputComparison comparison = new OutputComparison();
    Map<String, Tensor> first = new LinkedHashMap<>();
    try (OrtModel model = OrtModel.open(int8File, Runtime.getRuntime().availableProcessors())) {
      Runner.forEach(
          withInputsAsOutputs(),
          samples,
          (tensors, labels) -> {
            Map<String, Tensor> expected = new LinkedHashMap<>(tensors);
            Map<String, Tensor> batch = new LinkedHashMap<>();
            for (ValueInfo input : inputs) {
              batch.put(input.name(), tensors.get(input.name()));
              expected.remove(input.name());
            }
            comparison.add(expected, model.run(batch), labels);
            if (first.isEmpty()) {
              first.putAll(batch);
            }
          });
    }
    return new Verification(
        comparison.agreement(),
        comparison.accuracies(),
        new Verification.Size(export.onnx().bytes(), export.qdq().bytes()),
        LatencyMeter.measure(floatFile, int8File, batches(first)));
  }

  /** The runner gives out outputs only: with the inputs among them, a batch comes with both. */
  private Simulation withInputsAsOutputs() {
    Graph graph = export.simulation().graph();
    GraphBuilder builder = graph.toBuilder();
    inputs.forEach(builder::output);
    return new Simulation(builder.build(), export.simulation().encodings());
  }

  /** A batch of one where the network takes any number of samples, and the batch as it is. */
  private List<Map<String, Tensor>> batches(Map<String, Tensor> batch) {
    boolean anyNumber = inputs.stream().noneMatch(input -> input.shape().dim(0).known());
    boolean several = batch.values().iterator().next().sizes()[0] > 1;
    List<Map<String, Tensor>> batches = new ArrayList<>();
    if (anyNumber && several) {
      Map<String, Tensor> one = new LinkedHashMap<>();
      batch.forEach((name, tensor) -> one.put(name, firstSample(tensor)));
      batches.add(one);
    }
    batches.add(batch);
    return batches;
  }

  private static Tensor firstSample(Tensor batch) {
    long[] sizes = batch.sizes();
    ByteBuffer bytes = batch.bytes();
    bytes.limit(Math.toIntExact(bytes.limit() / sizes[0]));
    long[] one = Arrays.copyOf(sizes, sizes.length);
    one[0] = 1;
    return Tensor.of(batch.type(), bytes, one);
  }
}
