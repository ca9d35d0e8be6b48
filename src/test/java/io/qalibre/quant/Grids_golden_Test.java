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
import org.junit.jupiter.api.Test;

/** Compares grids and fake quantization with those of AIMET's library. */
class Grids_golden_Test {
  @Test
  void min_max_grids_are_aimets() throws IOException {
    JsonNode cases = new JsonMapper().readTree(Golden.file("vectors.json").toFile());
    Map<String, Tensor> arrays = Golden.arrays("vectors.npz");
    int compared = 0;
    int rounded = 0;
    for (JsonNode one : cases) {
      if (!one.get("scheme").textValue().equals("min_max")) {
        continue;
      }
      float[] data = arrays.get("data_" + one.get("kind").textValue()).floats();
      Encoding grid = grid(one, data);

      assertThat(grid.scale())
          .as("scale of %s", one)
          .isCloseTo(one.get("delta").doubleValue(), within(1e-12 * grid.scale()));
      assertThat(grid.offset()).as("offset of %s", one).isEqualTo(one.get("offset").longValue());
      compared++;
      if (one.hasNonNull("qdq")) {
        float[] last = Arrays.copyOfRange(data, data.length - 1024, data.length);
        assertRounded(grid, last, arrays.get(one.get("qdq").textValue()).floats());
        rounded++;
      }
    }
    assertThat(compared).isEqualTo(108);
    assertThat(rounded).isGreaterThan(10);
  }

  private static Encoding grid(JsonNode one, float[] data) {
    Symmetry symmetry =
        Symmetry.of(
            one.get("symmetric").booleanValue(),
            one.get("strict").booleanValue(),
            one.get("unsigned_symmetric").booleanValue());
    QuantizerSpec spec =
        QuantizerSpec.perTensor(one.get("bitwidth").intValue(), QuantScheme.MIN_MAX, symmetry);
    Range seen = WeightRanges.of(data, new long[] {data.length}, Granularity.NO_AXIS).get(0);
    return Grids.grid(seen, spec);
  }

  /** Codes are equal but for ties, which AIMET's library rounds away from zero. */
  private static void assertRounded(Encoding grid, float[] values, float[] aimet) {
    int different = 0;
    for (int i = 0; i < values.length; i++) {
      long theirs = Math.round(aimet[i] / grid.scale()) - grid.offset();
      long own = grid.quantize(values[i]);
      assertThat(Math.abs(own - theirs)).isLessThanOrEqualTo(1);
      different += own == theirs ? 0 : 1;
    }
    assertThat(different).as("codes that differ by one").isLessThanOrEqualTo(values.length / 100);
  }
}
