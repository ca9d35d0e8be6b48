package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.Runner;
import io.qalibre.export.OrtModel.Kernels;
import io.qalibre.graph.DataType;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is deterministic gives the same codes in a simulation and in ONNX Runtime: each quantizer,
 * and each operator between quantizers where both are fed the same codes, for 99.99 % of a
 * network's values. With {@code -Dfull=true} on so many pictures that each single operator has
 * enough values to be judged by.
 */
class OrtModel_equalCodes_Test {
  private static final boolean FULL = Boolean.getBoolean("full");

  /** Of so many values one may have another code, by the order in which floats are added up. */
  private static final long ONE_IN = 10_000;

  /**
   * ONNX Runtime's integer Add weighs two codes with ratios of scales, where its Add of floats and
   * the simulation divide the sum. A pair of codes whose sum is half-way, as near as floats can
   * tell, is rounded otherwise wherever it occurs: of 40 such operators two have as many as 2 in
   * ten thousand on the pictures of the full test.
   */
  private static final long ONE_IN_SUMS = 1_000;

  private static final int BATCH = 4;
  private static final int BATCHES = FULL ? 25 : 1;

  @TempDir private Path dir;

  @ParameterizedTest
  @MethodSource("io.qalibre.export.W8A8#all")
  void quantizers_parameters_and_operators(W8A8 network) {
    Simulation simulation = network.simulation();
    eachActivation(network, simulation);
    eachParameter(network, simulation);
    eachOperator(network, simulation);
  }

  /** Each operator, or what is fused to one, between quantizers. */
  private void eachOperator(W8A8 network, Simulation simulation) {
    CutSimulation cut = CutSimulation.operators(simulation);
    Path file = write(cut.pieces());
    Map<String, Tensor> pictures = network.pictures(BATCH * BATCHES);
    for (Kernels kernels : Kernels.values()) {
      Map<QuantizerNode, CodeComparison> codes = comparisons(cut);
      try (OrtModel model = OrtModel.open(file, 2, kernels)) {
        for (Map<String, Tensor> batch : Slices.of(pictures, BATCH)) {
          add(codes, cut, cut.inputs(batch), model);
        }
      }

      print(network, "operators", kernels, codes);
      codes.forEach(
          (node, code) -> {
            assertThat(code.largest()).as(node.tensor()).isLessThanOrEqualTo(1);
            if (FULL) {
              long oneIn = kernels == Kernels.FUSED && isAdd(cut, node) ? ONE_IN_SUMS : ONE_IN;
              assertThat(code.different())
                  .as(node.tensor())
                  .isLessThanOrEqualTo(code.values() / oneIn);
            }
          });
      assertThat(different(codes)).isLessThanOrEqualTo(values(codes) / ONE_IN);
    }
  }

  /** Each quantizer of an activation by itself. */
  private void eachActivation(W8A8 network, Simulation simulation) {
    CutSimulation cut = CutSimulation.quantizers(simulation);
    Map<QuantizerNode, CodeComparison> codes = comparisons(cut);
    Map<String, Tensor> seen = cut.inputs(network.pictures(BATCH));
    Map<String, Tensor> hard = new LinkedHashMap<>();
    for (QuantizerNode node : cut.compared()) {
      Encoding grid = cut.pieces().encoding(node.id()).first();
      hard.put(node.input(), hard(grid, seen.get(node.input()).sizes()));
    }
    try (OrtModel model = OrtModel.open(write(cut.pieces()), 2, Kernels.UNFUSED)) {
      add(codes, cut, seen, model);
      add(codes, cut, hard, model);
    }

    print(network, "quantizers", Kernels.UNFUSED, codes);
    assertThat(codes.values()).allSatisfy(code -> assertThat(code.different()).isZero());
  }

  /** Values half-way between two codes, their neighbours, and values beyond the grid. */
  private static Tensor hard(Encoding grid, long[] sizes) {
    float[] values = new float[(int) TensorShape.of(sizes).elements()];
    float scale = (float) grid.scale();
    for (int i = 0; i < values.length; i++) {
      long code = i / 3 % (grid.steps() + 3) - 1;
      float tie = (code + grid.offset() + 0.5f) * scale;
      values[i] = i % 3 == 0 ? Math.nextDown(tie) : i % 3 == 1 ? tie : Math.nextUp(tie);
    }
    float[] far = {Float.NEGATIVE_INFINITY, -1e30f, -0f, 0, 1e-40f, 1e30f, Float.POSITIVE_INFINITY};
    System.arraycopy(far, 0, values, 0, Math.min(far.length, values.length));
    return Tensor.of(values, sizes);
  }

  /** Each parameter: as the codes that the file stores, and as QuantizeLinear makes of floats. */
  private void eachParameter(W8A8 network, Simulation simulation) {
    Map<String, Tensor> floats = new LinkedHashMap<>();
    GraphBuilder constant = new GraphBuilder("parameters").info(simulation.graph().info());
    GraphBuilder computed = new GraphBuilder("parameters").info(simulation.graph().info());
    for (QuantizerNode node : ActivationGrids.enabledOnly(simulation).graph().quantizers()) {
      if (node.parameter()) {
        Tensor value = simulation.graph().initializer(node.input());
        ValueInfo output = new ValueInfo(node.output(), DataType.FLOAT, value.shape());
        constant.initializer(node.input(), value).node(node).output(output);
        computed.input(new ValueInfo(node.input(), DataType.FLOAT, value.shape()));
        computed.node(node).output(output);
        floats.put(node.input(), value);
      }
    }
    Simulation stored = new Simulation(constant.build(), simulation.encodings());
    Simulation quantized = new Simulation(computed.build(), simulation.encodings());

    Map<String, Tensor> expected = Runner.run(stored, Map.of());

    System.out.printf("%-34s %3d parameters%n", network, expected.size());
    requireEqual(expected, run(stored, Map.of()));
    requireEqual(expected, run(quantized, floats));
  }

  private static void requireEqual(Map<String, Tensor> expected, Map<String, Tensor> found) {
    assertThat(expected).hasSizeGreaterThan(50);
    expected.forEach(
        (tensor, values) -> {
          float[] ones = values.floats();
          float[] others = found.get(tensor).floats();
          // By value, since a zero has a sign here and none there.
          assertThat(IntStream.range(0, ones.length).filter(i -> ones[i] != others[i]))
              .as(tensor)
              .isEmpty();
        });
  }

  private static boolean isAdd(CutSimulation cut, QuantizerNode node) {
    return cut.pieces()
        .graph()
        .producingOperator(node.input())
        .filter(operator -> operator.type().equals("Add"))
        .isPresent();
  }

  private Map<String, Tensor> run(Simulation simulation, Map<String, Tensor> inputs) {
    try (OrtModel model = OrtModel.open(write(simulation), 2, Kernels.UNFUSED)) {
      return model.run(inputs);
    }
  }

  private Path write(Simulation simulation) {
    Path file = dir.resolve("pieces.onnx");
    OnnxWriter.write(QdqGraph.of(simulation), file);
    return file;
  }

  private static Map<QuantizerNode, CodeComparison> comparisons(CutSimulation cut) {
    Map<QuantizerNode, CodeComparison> codes = new LinkedHashMap<>();
    for (QuantizerNode node : cut.compared()) {
      codes.put(node, new CodeComparison(cut.pieces().encoding(node.id()).first()));
    }
    return codes;
  }

  private static void add(
      Map<QuantizerNode, CodeComparison> codes,
      CutSimulation cut,
      Map<String, Tensor> inputs,
      OrtModel model) {
    Map<String, Tensor> expected = Runner.run(cut.pieces(), inputs);
    Map<String, Tensor> found = model.run(inputs);
    codes.forEach((node, code) -> code.add(expected.get(node.output()), found.get(node.output())));
  }

  private static long values(Map<QuantizerNode, CodeComparison> codes) {
    return codes.values().stream().mapToLong(CodeComparison::values).sum();
  }

  private static long different(Map<QuantizerNode, CodeComparison> codes) {
    return codes.values().stream().mapToLong(CodeComparison::different).sum();
  }

  private static void print(
      W8A8 network, String what, Kernels kernels, Map<QuantizerNode, CodeComparison> codes) {
    System.out.printf(
        Locale.ROOT,
        "%-34s %3d %-10s %-7s: %,11d values, %.5f %% of codes equal (%.4f %% of the least equal), at most %d apart%n",
        network,
        codes.size(),
        what,
        kernels.name().toLowerCase(Locale.ROOT),
        values(codes),
        100 - 100.0 * different(codes) / values(codes),
        codes.values().stream()
            .mapToDouble(code -> 100 - 100.0 * code.different() / code.values())
            .min()
            .orElseThrow(),
        codes.values().stream().mapToLong(CodeComparison::largest).max().orElseThrow());
  }
}
