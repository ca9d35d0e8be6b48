package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.engine.Runner;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.QuantizerPlacement;
import io.qalibre.graph.QuantizerPlacement.Kind;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Grids;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Range;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One quantizer in ONNX Runtime and in the simulation: equal to the bit, for every value. */
class QdqGraph_singleQuantizer_Test {
  @TempDir Path dir;

  private static Simulation quantizer(QuantizerSpec spec, Map<String, TensorEncoding> encodings) {
    TensorShape shape = TensorShape.of(Dim.symbolic("N"));
    QuantizerPlacement placement = new QuantizerPlacement(Kind.ACTIVATION, "input", true, "test");
    Graph graph =
        new GraphBuilder("one")
            .input(new ValueInfo("x", DataType.FLOAT, shape))
            .output(new ValueInfo("y", DataType.FLOAT, shape))
            .node(new QuantizerNode("x", "x", "x", "y", spec, placement))
            .build();
    return new Simulation(graph, encodings);
  }

  private void assertEqualInRuntime(Simulation simulation, List<Float> values) {
    float[] input = floats(values);
    Map<String, Tensor> inputs = Map.of("x", Tensor.of(input, input.length));
    Path file = dir.resolve("one.onnx");
    OnnxWriter.write(QdqGraph.of(simulation), file);
    float[] expected = values(Runner.run(simulation, inputs));

    assertThat(values(UnfusedRuntime.run(file, inputs))).isEqualTo(expected);
    try (OrtModel model = OrtModel.open(file, 1)) {
      assertThat(values(model.run(inputs))).isEqualTo(expected);
    }
    if (!simulation.encodings().isEmpty()) {
      Simulation found = QdqReader.read(file).simulation();
      assertThat(values(Runner.run(found, inputs))).isEqualTo(expected);
    }
  }

  private static float[] floats(List<Float> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    return floats;
  }

  /** The outputs; codes know no negative zero. */
  private static float[] values(Map<String, Tensor> outputs) {
    float[] values = outputs.get("y").floats();
    for (int i = 0; i < values.length; i++) {
      values[i] += 0f;
    }
    return values;
  }

  /** Codes, what lies half-way between two, their neighbours, and values beyond the ends. */
  private static List<Float> sweep(Encoding grid) {
    List<Float> values = new ArrayList<>();
    float scale = (float) grid.scale();
    long most = grid.steps() + 4;
    long stride = Math.max(1, most / 20_000);
    for (long code = -4; code <= most; code += stride) {
      for (float part : new float[] {0, 0.25f, 0.5f, 0.75f}) {
        float value = (code + grid.offset() + part) * scale;
        values.addAll(List.of(value, Math.nextUp(value), Math.nextDown(value)));
      }
    }
    values.addAll(List.of(1e30f, -1e30f, 0f, -0f, Float.MIN_VALUE));
    return values;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void codes(int bits) {
    for (Symmetry symmetry : Symmetry.values()) {
      for (Range range : List.of(new Range(-1.7, 2.9), new Range(0, 0.013), new Range(-800, 3))) {
        QuantizerSpec spec = QuantizerSpec.perTensor(bits, QuantScheme.MIN_MAX, symmetry);
        Encoding grid = Grids.grid(range, spec);

        assertEqualInRuntime(
            quantizer(spec, Map.of("x", TensorEncoding.perTensor(grid))), sweep(grid));
      }
    }
  }

  @Test
  void half_floats() {
    QuantizerSpec spec =
        QuantizerSpec.perTensor(16, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC)
            .withFormat(NumberFormat.FLOAT16);
    List<Float> values = new ArrayList<>();
    for (int bits = 0; bits < 0x7f80_0000; bits += 0x1_0007) {
      float value = Float.intBitsToFloat(bits);
      float tie = Float.intBitsToFloat(bits & ~0x1fff | 0x1000);
      values.addAll(List.of(value, -value, tie, -tie, Math.nextUp(tie), Math.nextDown(tie)));
    }

    assertEqualInRuntime(quantizer(spec, Map.of()), values);
  }
}
