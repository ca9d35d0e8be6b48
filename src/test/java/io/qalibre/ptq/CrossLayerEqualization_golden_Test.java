package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.qalibre.engine.Runner;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Equalization with AIMET's options beside what AIMET made of the same networks. */
class CrossLayerEqualization_golden_Test {
  private static final double RELATIVE = 1e-5;

  private static EqualizedGraph equalized(String model) {
    String file = model.equals("resnet50") ? "resnet50.onnx.gz" : model + ".onnx";
    BatchNormFolding.Result folded = BatchNormFolding.fold(Golden.network(file));
    return CrossLayerEqualization.equalize(
        folded.graph(), Equalization.aimet(), OutputRanges.of(folded.folded()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "mobilenet_v2", "resnet50"})
  void the_sets_and_factors_are_aimets(String model) {
    EqualizedGraph result = equalized(model);

    Map<String, EqualizedGraph.Pair> own = new LinkedHashMap<>();
    result.pairs().forEach(p -> own.put(p.first() + " " + p.second(), p));
    Map<String, Tensor> factors = Golden.arrays(model + "_cle_scales.npz");
    JsonNode sets = Golden.json(model + "_cle_sets.json");
    assertThat(own).hasSize(sets.size());
    for (JsonNode set : sets) {
      String key = set.get("layer1").textValue() + " " + set.get("layer2").textValue();
      assertThat(own).containsKey(key);
      EqualizedGraph.Pair pair = own.get(key);
      assertThat(pair.between().contains("Relu"))
          .as(key)
          .isEqualTo(set.get("relu_between").booleanValue());
      float[] expected = factors.get(set.get("key").textValue()).floats();
      assertThat(pair.factors()).as(key).hasSize(expected.length);
      for (int c = 0; c < expected.length; c++) {
        assertThat(pair.factors().get(c))
            .as("%s, channel %d", key, c)
            .isCloseTo(expected[c], within(RELATIVE * expected[c]));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "mobilenet_v2", "resnet50"})
  void the_weights_and_biases_are_aimets(String model) {
    Graph graph = equalized(model).graph();
    JsonNode golden = Golden.json(model + "_cle_weight_stats.json");

    assertThat(golden.size()).isGreaterThan(15);
    golden
        .fields()
        .forEachRemaining(
            entry -> {
              double largest = 0;
              double sum = 0;
              double magnitude = 0;
              double squares = 0;
              for (float value : graph.initializer(entry.getKey()).floats()) {
                largest = Math.max(largest, Math.abs(value));
                sum += value;
                magnitude += Math.abs(value);
                squares += (double) value * value;
              }
              assertClose(entry, "absmax", largest, largest);
              assertClose(entry, "sum", sum, magnitude);
              assertClose(entry, "l2", Math.sqrt(squares), Math.sqrt(squares));
            });
  }

  private static void assertClose(
      Map.Entry<String, JsonNode> entry, String what, double found, double size) {
    assertThat(found)
        .as("%s of %s", what, entry.getKey())
        .isCloseTo(entry.getValue().get(what).doubleValue(), within(RELATIVE * size));
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "mobilenet_v2"})
  void every_constant_is_aimets(String model) {
    Graph own = equalized(model).graph();
    Graph aimet = Golden.network(model + "_cle.onnx");

    assertThat(own.initializers()).isNotEmpty();
    for (Map.Entry<String, Tensor> entry : own.initializers().entrySet()) {
      float[] expected = aimet.initializer(entry.getKey()).floats();
      float[] found = entry.getValue().floats();
      assertThat(found).as(entry.getKey()).hasSameSizeAs(expected);
      float size = 0;
      double apart = 0;
      for (int i = 0; i < expected.length; i++) {
        size = Math.max(size, Math.abs(expected[i]));
        apart = Math.max(apart, Math.abs((double) expected[i] - found[i]));
      }
      assertThat(apart).as(entry.getKey()).isLessThanOrEqualTo(RELATIVE * size);
    }
  }

  @Test
  void the_networks_answers_are_those_of_aimets_network() {
    Tensor found =
        Runner.run(
                Simulation.of(equalized("mobilenet_v2").graph()),
                Map.of("input", Golden.pictures(128)))
            .get("output");

    assertThat(Golden.sqnr(Golden.array("mobilenet_v2.cle_fp32.out.npy"), found)).isGreaterThan(80);
    // What AIMET's replacement of ReLU6 costs, which is why it is no default.
    assertThat(Golden.sqnr(Golden.array("mobilenet_v2.fp32.out.npy"), found)).isLessThan(9);
  }
}
