package io.qalibre.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.testing.Net;
import java.util.List;
import org.junit.jupiter.api.Test;

class FakeQuantizer_apply_Test {
  private static final Encoding COARSE = Encoding.of(0.25, -8, 15, 4, true);
  private static final Encoding FINE = Encoding.of(0.01, -128, 255, 8, true);

  @Test
  void one_grid_rounds_every_value() {
    float[] values = Net.data(1, 2, 3, 4).floats();

    float[] rounded =
        FakeQuantizer.apply(values, new long[] {2, 3, 4}, TensorEncoding.perTensor(COARSE));

    for (int i = 0; i < values.length; i++) {
      assertThat(rounded[i]).isEqualTo(COARSE.fakeQuantize(values[i]));
    }
  }

  @Test
  void each_channel_has_its_grid_on_any_axis() {
    float[] values = Net.data(1, 2, 2, 2).floats();
    long[] shape = {2, 2, 2};
    for (int axis = 0; axis < 3; axis++) {
      float[] rounded =
          FakeQuantizer.apply(values, shape, TensorEncoding.ofAxis(axis, List.of(COARSE, FINE)));

      for (int i = 0; i < values.length; i++) {
        boolean second = (i >> (2 - axis)) % 2 == 1;
        assertThat(rounded[i])
            .as("axis %d, element %d", axis, i)
            .isEqualTo((second ? FINE : COARSE).fakeQuantize(values[i]));
      }
    }
  }

  @Test
  void the_given_values_stay() {
    float[] values = {0.1f, 0.2f};

    FakeQuantizer.apply(values, new long[] {2}, TensorEncoding.perTensor(COARSE));

    assertThat(values).containsExactly(0.1f, 0.2f);
  }

  @Test
  void as_many_grids_as_channels_are_wanted() {
    TensorEncoding two = TensorEncoding.ofAxis(0, List.of(COARSE, FINE));

    assertThatThrownBy(() -> FakeQuantizer.apply(new float[3], new long[] {3}, two))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("2 encodings for 3 channels");
    assertThatThrownBy(() -> TensorEncoding.ofAxis(-1, List.of(COARSE, FINE)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
