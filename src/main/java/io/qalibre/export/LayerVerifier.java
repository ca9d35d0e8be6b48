package io.qalibre.export;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Runner;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.export.OrtModel.Kernels;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Compares every quantized activation of a simulation with what ONNX Runtime makes of the QDQ file,
 * without fused kernels, which would hide most of them.
 */
final class LayerVerifier {
  /** The most numbers that one run gives out, on each side: 128 MiB. */
  private static final long NUMBERS = 1L << 25;

  private final Export export;
  private final Simulation simulation;
  private final List<QuantizerNode> quantizers;

  LayerVerifier(Export export) {
    this.export = export;
    simulation = ActivationGrids.enabledOnly(export.simulation());
    quantizers = compared(simulation);
  }

  /** The quantizers of computed tensors with one grid each, in order of execution. */
  private static List<QuantizerNode> compared(Simulation simulation) {
    Graph graph = simulation.graph();
    return graph.quantizers().stream()
        .filter(q -> !q.parameter() && !graph.isInitializer(q.input()))
        .filter(q -> !q.spec().format().floating())
        .filter(q -> !simulation.encoding(q.id()).perChannel())
        .toList();
  }

  /** See {@link Export#verifyLayers}. */
  LayerVerification verify(Dataset samples) {
    if (quantizers.isEmpty()) {
      throw new QalibreException(
          simulation.graph().name() + ": no activation is quantized, so there is none to compare");
    }
    try {
      Path folder = Files.createTempDirectory("qalibre-layers");
      try {
        Path file = folder.resolve("layers.onnx");
        OnnxWriter.write(withOutputs(OnnxReader.read(export.qdq().path())), file);
        return compare(samples, file);
      } finally {
        delete(folder);
      }
    } catch (IOException e) {
      throw new QalibreException("a copy of the QDQ file cannot be written: " + e, e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private LayerVerification compare(Dataset samples, Path file) {
    Map<QuantizerNode, CodeComparison> layers = new LinkedHashMap<>();
    quantizers.forEach(q -> layers.put(q, new CodeComparison(simulation.encoding(q.id()).first())));
    Simulation exposed = new Simulation(withOutputs(simulation.graph()), simulation.encodings());
    long most = samplesAtOnce();
    long[] count = new long[1];
    try (OrtModel model =
        OrtModel.open(file, Runtime.getRuntime().availableProcessors(), Kernels.UNFUSED)) {
      Runner.forEach(
          inputsOnly(),
          samples,
          (batch, labels) -> {
            for (Map<String, Tensor> piece : Slices.of(batch, most)) {
              InterruptedWorkException.check(
                  () -> "verifyLayers stopped after " + count[0] + " samples");
              Map<String, Tensor> expected = Runner.run(exposed, piece);
              Map<String, Tensor> found = model.run(piece);
              layers.forEach((q, c) -> c.add(get(expected, q), get(found, q)));
              count[0] += piece.values().iterator().next().sizes()[0];
            }
          });
    }
    List<LayerVerification.Layer> rows = new ArrayList<>();
    layers.forEach((q, c) -> rows.add(c.layer(q.tensor(), operator(q))));
    return new LayerVerification(count[0], rows);
  }

  private String operator(QuantizerNode quantizer) {
    return simulation
        .graph()
        .producingOperator(quantizer.input())
        .map(OperatorNode::type)
        .orElse("input");
  }

  /** How many samples may be run at once so that the tensors given out fit into memory. */
  private long samplesAtOnce() {
    boolean anyNumber =
        simulation.graph().inputs().stream().noneMatch(input -> input.shape().dim(0).known());
    if (!anyNumber) {
      return Long.MAX_VALUE;
    }
    Map<String, TensorShape> shapes = ShapeInference.infer(simulation.graph(), 1);
    long each = quantizers.stream().mapToLong(q -> get(shapes, q).elements()).sum();
    return Math.max(1, NUMBERS / each);
  }

  /** A graph that gives out the quantized tensors as well. */
  private Graph withOutputs(Graph graph) {
    Map<String, TensorShape> shapes = ShapeInference.infer(simulation.graph());
    GraphBuilder builder = graph.toBuilder();
    for (QuantizerNode quantizer : quantizers) {
      String tensor = quantizer.output();
      if (!graph.isOutput(tensor)) {
        builder.output(new ValueInfo(tensor, DataType.FLOAT, get(shapes, quantizer)));
      }
    }
    return builder.build();
  }

  private static <T> T get(Map<String, T> tensors, QuantizerNode quantizer) {
    return Objects.requireNonNull(tensors.get(quantizer.output()), quantizer.output());
  }

  /** A network that gives its inputs out as they come: the dataset's batches as tensors. */
  private Simulation inputsOnly() {
    GraphBuilder builder = new GraphBuilder(simulation.graph().name());
    for (ValueInfo input : simulation.graph().inputs()) {
      builder.input(input).output(input);
    }
    return Simulation.of(builder.build());
  }
}
