package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Tensor;
import io.qalibre.ptq.ChosenRanges;
import io.qalibre.ptq.SequentialMse;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Rounding;
import io.qalibre.testing.Golden;
import io.qalibre.testing.Labelled;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizedNetwork_sequentialMse_Test {
  private static final String GOLDEN = "tiny.pc.seqmse.w4a8";

  private static QuantizedNetwork tiny() {
    QuantConfig config =
        QuantConfig.perChannel().withWeightBits(4).withRounding(Rounding.HALF_AWAY);
    return new Network(Golden.network("tiny_bnfolded.onnx"), List.of())
        .simulate(config)
        .computeEncodings(calibration());
  }

  private static Labelled calibration() {
    return Labelled.of(Golden.prepared("calib_16_u8.npy")).batch(8);
  }

  /** AIMET's file, whether tensors are kept between layers or computed anew for each. */
  @ParameterizedTest
  @ValueSource(longs = {1L << 30, 0})
  void the_ranges_are_those_that_aimet_chooses(long memory) {
    JsonNode golden = Golden.json(GOLDEN + ".v1.0.0.encodings");
    Tensor expected = Golden.array(GOLDEN + ".out.npy");

    QuantizedNetwork chosen =
        tiny().sequentialMse(calibration(), SequentialMse.DEFAULT.withMemory(memory));

    int compared = assertEqual(chosen, golden.get("param_encodings"));
    compared += assertEqual(chosen, golden.get("activation_encodings"));
    assertThat(compared).isEqualTo(120 + 25);
    Tensor test = Golden.prepared("test_16_u8.npy");
    assertThat(Golden.sqnr(expected, chosen.run(Map.of("input", test)).get("output")))
        .isGreaterThan(60);
  }

  private static int assertEqual(QuantizedNetwork network, JsonNode entries) {
    int compared = 0;
    for (JsonNode entry : entries) {
      String tensor = entry.get("name").textValue();
      QuantizerNode quantizer =
          network.simulation().graph().quantizers().stream()
              .filter(q -> q.enabled() && q.tensor().equals(tensor))
              .findFirst()
              .orElseThrow();
      List<Encoding> grids = network.simulation().encoding(quantizer.id()).grids();
      assertThat(grids).as(tensor).hasSize(entry.get("scale").size());
      for (int i = 0; i < grids.size(); i++) {
        double scale = entry.get("scale").get(i).doubleValue();
        assertThat(Math.abs(grids.get(i).scale() / scale - 1))
            .as("scale %d of %s", i, tensor)
            .isLessThan(1e-5);
        assertThat(grids.get(i).offset()).isEqualTo(entry.get("offset").get(i).longValue());
        compared++;
      }
    }
    return compared;
  }

  @Test
  void it_is_a_step_that_says_what_it_chose() {
    QuantizedNetwork before = tiny();
    var encodings = before.simulation().encodings();

    QuantizedNetwork after = before.sequentialMse(calibration());

    ChosenRanges chosen = after.weightSearch();
    assertThat(chosen.table().rowCount()).isEqualTo(9);
    assertThat(chosen.table().columnNames())
        .containsExactly(
            "weight",
            "operator",
            "channels",
            "mean part of range",
            "smallest",
            "error before",
            "error after");
    assertThat(chosen.chart().charts()).hasSize(2);
    assertThat(chosen.layers()).allMatch(l -> l.after() <= l.before());
    assertThat(after.steps().stringColumn("verb").asList())
        .containsExactly("computeEncodings", "sequentialMse");
    assertThat(after.steps().stringColumn("result").get(1))
        .isEqualTo("9 weights, 75 of 112 ranges made smaller");
    assertThat(before.simulation().encodings()).isEqualTo(encodings);
    assertThat(before.sequentialMse(calibration()).simulation().encodings())
        .isEqualTo(after.simulation().encodings());
    assertThat(after.histogram("input").histogram()).isNotNull();
    assertThatThrownBy(before::weightSearch)
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "this network does not come from sequentialMse(…): its steps are [computeEncodings]");
  }
}
