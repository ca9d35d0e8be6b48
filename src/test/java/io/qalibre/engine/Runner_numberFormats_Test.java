package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Rounding;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import io.qalibre.testing.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What quantizers of each number format do in the engine. */
class Runner_numberFormats_Test {
  private static final float SCALE = 0.25f;

  /** Relu, and a quantizer of the input before it or of its output. */
  private static Simulation simulation(NumberFormat format, boolean before, TensorEncoding grid) {
    Graph graph = Net.input(64).op("r", "Relu", List.of("x")).build("r");
    QuantizerSpec spec =
        QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC).withFormat(format);
    QuantizerPlacement placement = new QuantizerPlacement(Kind.ACTIVATION, "test", true, "test");
    List<Node> nodes = new ArrayList<>();
    if (before) {
      nodes.add(new QuantizerNode("q", "x", "x", "x_qdq", spec, placement));
      nodes.add(graph.operators().get(0).withInputs(List.of("x_qdq")));
    } else {
      nodes.add(graph.operators().get(0).withOutputs(List.of("r_raw")));
      nodes.add(new QuantizerNode("q", "r", "r_raw", "r", spec, placement));
    }
    return new Simulation(
        graph.toBuilder().nodes(nodes).build(), format.floating() ? Map.of() : Map.of("q", grid));
  }

  /** Values on the grid, half-way between its points, beside them, and far beyond its ends. */
  private static Tensor sweep() {
    float[] values = new float[64 * 64];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i - 2048) * SCALE / 8;
    }
    return Tensor.of(values, 64, 64);
  }

  private static float[] run(Simulation simulation) {
    float[] values = Runner.run(simulation, Map.of("x", sweep())).get("r").floats();
    for (int i = 0; i < values.length; i++) {
      values[i] += 0f; // the two zeros are one
    }
    return values;
  }

  @ParameterizedTest
  @EnumSource(Rounding.class)
  void codes_are_rounded_as_the_format_says(Rounding rounding) {
    NumberFormat format = NumberFormat.integer(8).withRounding(rounding);
    TensorEncoding grid = TensorEncoding.perTensor(Encoding.of(SCALE, -100, 255, 8, false));
    for (boolean before : new boolean[] {true, false}) {
      float[] found = run(simulation(format, before, grid));
      float[] expected = sweep().floats();
      if (!before) {
        relu(expected);
      }
      expected = FakeQuantizer.apply(expected, new long[] {64, 64}, grid, rounding);
      relu(expected);

      assertThat(found).containsExactly(expected);
    }
  }

  private static void relu(float[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.max(0, values[i]) + 0f;
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void half_precision_keeps_eleven_bits_and_needs_no_encoding(boolean before) {
    float[] found = run(simulation(NumberFormat.FLOAT16, before, null));
    float[] values = sweep().floats();

    for (int i = 0; i < values.length; i++) {
      float value = Math.max(0, values[i]);
      float step = Math.max(0x1p-24f, Math.ulp(value) * (1 << 13));
      assertThat(found[i]).isEqualTo((float) (Math.rint(value / step) * step));
    }
  }
}
