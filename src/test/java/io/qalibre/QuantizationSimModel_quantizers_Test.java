package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.config.SmallGraphs;
import io.qalibre.quant.QuantScheme;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class QuantizationSimModel_quantizers_Test {
  private static final Network NETWORK = new Network(SmallGraphs.network(), List.of());

  /** The row of a tensor, its cells divided by bars. */
  private static String row(Table table, String tensor) {
    int row = table.stringColumn("tensor").asList().indexOf(tensor);
    assertThat(row).isNotNegative();
    return String.join(
        " | ",
        IntStream.range(0, table.columnCount())
            .mapToObj(c -> table.getUnformatted(row, c))
            .toList());
  }

  @Test
  void each_quantizer_says_what_it_does_and_why() {
    Table table =
        new QuantizationSimModel(
                NETWORK,
                QuantConfig.htp("v69")
                    .withScheme("gap", QuantScheme.TF_ENHANCED)
                    .withFloat16("output")
                    .withLpbq("fc", 4, 8, 2)
                    .disable("shift"))
            .quantizers();

    assertThat(row(table, "conv1.weight"))
        .isEqualTo(
            "conv1.weight | weight | Conv | 8 | int8 | min_max | true | per channel (axis 0) | true | defaults.params");
    assertThat(row(table, "fc.weight"))
        .isEqualTo(
            "fc.weight | weight | Gemm | 4 | int4 | min_max | true | per block of 2 (axes 0, 1, scales of 4 bits) | true | defaults.params; user: 4 to 8 bits in blocks of 2 fc");
    assertThat(row(table, "relu1"))
        .isEqualTo(
            "relu1 | activation | Relu | 8 | int8 | min_max | false | per tensor | true | defaults.ops; op_type.Relu.encoding_constraints; tied to `conv1` by Relu");
    assertThat(row(table, "gap"))
        .isEqualTo(
            "gap | activation | GlobalAveragePool | 8 | int8 | tf_enhanced | false | per tensor | true | defaults.ops; user: tf_enhanced gap");
    assertThat(row(table, "output"))
        .isEqualTo(
            "output | activation | Gemm | 16 | float16 |  | false |  | true | defaults.ops; user: float16 output");
    assertThat(row(table, "shift")).endsWith("| false | user: disable shift");
    assertThat(row(table, "add")).endsWith("| false | supergroups[1] Add+Relu");
  }
}
