package io.qalibre.export;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Runner;
import io.qalibre.export.OrtModel.Kernels;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.nio.file.Path;
import java.util.ArrayList;
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
    SideBySide compared = new SideBySide();
    Map<String, Tensor> first = run(samples, compared);
    return new Verification(
        compared.distances(),
        compared.accuracies(),
        new Verification.Size(export.onnx().bytes(), export.qdq().bytes()),
        LatencyMeter.measure(export.onnx().path(), export.qdq().path(), batches(first)));
  }

  /** Compares on all samples; returns the first batch of inputs. */
  Map<String, Tensor> run(Dataset samples, SideBySide compared) {
    Path file = export.qdq().path();
    int threads = Runtime.getRuntime().availableProcessors();
    Map<String, Tensor> first = new LinkedHashMap<>();
    try (OrtModel unfused = OrtModel.open(file, threads, Kernels.UNFUSED);
        OrtModel fused = OrtModel.open(file, threads, Kernels.FUSED)) {
      Runner.forEach(
          withInputsAsOutputs(),
          samples,
          (tensors, labels) -> {
            Map<String, Tensor> simulated = new LinkedHashMap<>(tensors);
            Map<String, Tensor> batch = new LinkedHashMap<>();
            for (ValueInfo input : inputs) {
              batch.put(input.name(), tensors.get(input.name()));
              simulated.remove(input.name());
            }
            compared.add(simulated, unfused.run(batch), fused.run(batch), labels);
            if (first.isEmpty()) {
              first.putAll(batch);
            }
          });
    }
    return first;
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
      batches.add(Slices.of(batch, 0, 1));
    }
    batches.add(batch);
    return batches;
  }
}
