package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.Runner;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OrtModel_codes_Test {
  private static final int PICTURES = 3;
  @TempDir Path dir;

  @ParameterizedTest
  @MethodSource("io.qalibre.export.W8A8#all")
  void quantizers(W8A8 network) {
    long t = System.nanoTime();
    Simulation simulation = ActivationGrids.enabledOnly(network.simulation());
    System.out.printf("%s: calibrated %.1f s%n", network, (System.nanoTime() - t) / 1e9);
    compare(network + " quantizers", CutSimulation.quantizers(simulation, network.pictures(PICTURES)));
    System.out.printf("%.1f s%n", (System.nanoTime() - t) / 1e9);
    compare(network + " operators", CutSimulation.operators(simulation, network.pictures(PICTURES)));
    System.out.printf("%.1f s%n", (System.nanoTime() - t) / 1e9);
  }

  private void compare(String what, CutSimulation cut) {
    Map<String, Tensor> expected = Runner.run(cut.simulation(), cut.inputs());
    Path file = dir.resolve("codes.onnx");
    OnnxWriter.write(QdqGraph.of(cut.simulation()), file);
    for (OrtModel.Kernels kernels : OrtModel.Kernels.values()) {
      Map<String, Tensor> found;
      try (OrtModel model = OrtModel.open(file, 2, kernels)) {
        found = model.run(cut.inputs());
      }
      long compared = 0;
      long different = 0;
      long furthest = 0;
      int count = 0;
      for (QuantizerNode node : CutSimulation.activations(cut.simulation().graph())) {
        if (!expected.containsKey(node.output())) {
          continue;
        }
        count++;
        Encoding grid = cut.simulation().encoding(node.id()).first();
        float[] one = expected.get(node.output()).floats();
        float[] other = found.get(node.output()).floats();
        long differs = 0;
        long far = 0;
        for (int i = 0; i < one.length; i++) {
          long distance = Math.abs(grid.quantize(one[i]) - grid.quantize(other[i]));
          differs += distance == 0 ? 0 : 1;
          far = Math.max(far, distance);
        }
        if (differs > one.length / 5000 + 1 || far > 1) {
          System.out.printf(Locale.ROOT, "   %s %s: %.5f %% of %d, furthest %d%n", kernels, node.tensor(), 100.0 * differs / one.length, one.length, far);
        }
        compared += one.length;
        different += differs;
        furthest = Math.max(furthest, far);
      }
      System.out.printf(Locale.ROOT, "%s %s: %d outputs, %d values, %.5f %% differ, furthest %d%n", what, kernels, count, compared, 100.0 * different / compared, furthest);
      assertThat(compared).isPositive();
    }
  }
}
