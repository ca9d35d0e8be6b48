package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Golden;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares grids and fake quantization with those of AIMET's library: 324 unit vectors. */
class Grids_golden_Test {
  private static final int BATCH = 1024;

  @ParameterizedTest
  @CsvSource({"min_max, 108", "tf_enhanced, 36", "percentile, 36"})
  void grids_are_aimets(String scheme, int withRounded) throws IOException {
    JsonNode cases = new JsonMapper().readTree(Golden.file("vectors.json").toFile());
    Map<String, Tensor> arrays = Golden.arrays("vectors.npz");
    int compared = 0;
    int rounded = 0;
    for (JsonNode one : cases) {
      if (!one.get("scheme").textValue().equals(scheme)) {
        continue;
      }
      float[] data = arrays.get("data_" + one.get("kind").textValue()).floats();
      QuantizerSpec spec = spec(one);
      Encoding grid = spec.scheme().grid(seen(data), spec);

      double delta = one.get("delta").doubleValue();
      assertThat(grid.scale()).as("scale of %s", one).isCloseTo(delta, within(1e-7 * delta));
      assertThat(grid.offset()).as("offset of %s", one).isEqualTo(one.get("offset").longValue());
      assertThat(grid.max())
          .as("max of %s", one)
          .isCloseTo(one.get("max").doubleValue(), within(1e-6 * (grid.max() - grid.min())));
      compared++;
      if (one.hasNonNull("qdq")) {
        float[] last = Arrays.copyOfRange(data, data.length - BATCH, data.length);
        assertRounded(one, grid, last, arrays.get(one.get("qdq").textValue()).floats());
        rounded++;
      }
    }
    assertThat(compared).isEqualTo(108);
    assertThat(rounded).isEqualTo(withRounded);
  }

  private static Statistics seen(float[] data) {
    Statistics seen = Statistics.of(Arrays.copyOf(data, BATCH));
    for (int start = BATCH; start < data.length; start += BATCH) {
      float[] batch = Arrays.copyOfRange(data, start, start + BATCH);
      seen = seen.with(Range.of(batch), batch);
    }
    return seen;
  }

  private static QuantizerSpec spec(JsonNode one) {
    Symmetry symmetry =
        Symmetry.of(
            one.get("symmetric").booleanValue(),
            one.get("strict").booleanValue(),
            one.get("unsigned_symmetric").booleanValue());
    QuantScheme scheme =
        switch (one.get("scheme").textValue()) {
          case "min_max" -> QuantScheme.MIN_MAX;
          case "tf_enhanced" -> QuantScheme.TF_ENHANCED;
          default -> QuantScheme.percentile(one.get("percentile").doubleValue());
        };
    return QuantizerSpec.perTensor(one.get("bitwidth").intValue(), scheme, symmetry);
  }

  /** With AIMET's rounding every value is its library's; half to even differs at ties only. */
  private static void assertRounded(JsonNode one, Encoding grid, float[] values, float[] aimet) {
    long[] shape = {values.length};
    TensorEncoding encoding = TensorEncoding.perTensor(grid);
    float[] away = FakeQuantizer.apply(values, shape, encoding, Rounding.HALF_AWAY);
    float[] even = FakeQuantizer.apply(values, shape, encoding);
    int different = 0;
    for (int i = 0; i < values.length; i++) {
      assertThat(away[i])
          .as("%s of %s", values[i], one)
          .isCloseTo(aimet[i], within(tiny(aimet[i])));
      float apart = Math.abs(even[i] - aimet[i]);
      assertThat(apart).isLessThanOrEqualTo((float) (grid.scale() * 1.01));
      different += apart > grid.scale() / 2 ? 1 : 0;
    }
    assertThat(different).as("codes that differ by one").isLessThanOrEqualTo(values.length / 100);
  }

  private static float tiny(float value) {
    return 2 * Math.ulp(value);
  }
}
