package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.analysis.QuantizerRanges;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.Range;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import io.qalibre.view.Charts;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizedNetwork_ranges_Test {
  private static final Labelled DATA = Labelled.of(Net.data(4, 10, 3, 6, 6));
  private static final Network NET =
      Qalibre.of(
          Net.input(3, 6, 6)
              .conv("conv", "x", 6, 3, 3, 3)
              .op("relu", "Relu", List.of("conv"))
              .build("relu"));

  @Test
  void values_stand_beside_the_grids() {
    QuantizedNetwork quantized =
        NET.simulate(
                QuantConfig.int8().withSchemes(QuantScheme.MIN_MAX, QuantScheme.percentile(90)))
            .computeEncodings(DATA);

    QuantizerRanges ranges = quantized.ranges();

    assertThat(ranges.rows())
        .extracting(QuantizerRanges.Row::tensor)
        .containsExactly("x", "conv.weight", "relu");
    assertThat(ranges.rows())
        .extracting(QuantizerRanges.Row::kind)
        .containsExactly("activation", "weight", "activation");
    assertThat(ranges.rows().get(1).seen())
        .isEqualTo(Range.of(NET.graph().initializer("conv.weight").floats()));
    QuantizerRanges.Row input = ranges.rows().get(0);
    assertThat(input.seen()).isEqualTo(Range.of(Net.data(4, 10, 3, 6, 6).floats()));
    assertThat(input.grid().max()).isLessThan(input.seen().max());
    assertThat(ranges.table().columnNames())
        .containsExactly("tensor", "kind", "operator", "min", "max", "grid min", "grid max");
    assertThat(ranges.chart().charts()).hasSize(2);
    assertThat(Charts.describe(ranges.chart())).contains("values", "grid");
  }

  @Test
  void encodings_from_a_file_have_seen_nothing(@TempDir Path folder) {
    NET.simulate(QuantConfig.int8()).computeEncodings(DATA).export(folder, "net");
    QuantizedNetwork read =
        NET.simulate(QuantConfig.int8()).loadEncodings(folder.resolve("net.encodings"));

    QuantizerRanges ranges = read.ranges();

    assertThat(ranges.rows().get(0).seen()).isNull();
    assertThat(ranges.table().doubleColumn("min").isMissing(0)).isTrue();
    assertThat(ranges.table().doubleColumn("grid max").get(0)).isPositive();
    assertThat(ranges.chart().charts()).hasSize(2);
  }
}
