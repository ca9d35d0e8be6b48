package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PythonJson_text_Test {
  @ParameterizedTest
  @CsvSource({
    "0.0, 0.0",
    "-0.0, -0.0",
    "1.0, 1.0",
    "-128.0, -128.0",
    "0.0001, 0.0001",
    "0.00001, 1e-05",
    "1.25e-7, 1.25e-07",
    "1.1920928955078125E-7, 1.1920928955078125e-07",
    "2.0E-3, 0.002",
    "0.1, 0.1",
    "123456789012345680.0, 1.2345678901234568e+17",
    "1e15, 1000000000000000.0",
    "1e16, 1e+16",
    "-2147483648.0, -2147483648.0",
    "1e-100, 1e-100",
    "0.30000000000000004, 0.30000000000000004",
    "2e23, 2e+23"
  })
  void floats_are_written_as_Pythons_repr(double value, String expected) {
    assertThat(PythonJson.number(value)).isEqualTo(expected);
  }

  @Test
  void floats_come_back_to_the_bit() {
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      double value = (random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(40) - 20);
      assertThat(Double.parseDouble(PythonJson.number(value))).isEqualTo(value);
    }
  }

  @Test
  void keys_are_sorted_and_what_is_not_ascii_is_escaped() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("b", List.of(1L, 2.5, true));
    object.put("a", List.of());
    object.put("\uD83D\uDE00", Map.of());
    object.put("\uFFFD", "é\"\\\n\t\u007f");

    assertThat(PythonJson.text(object))
        .isEqualTo(
            """
            {
                "a": [],
                "b": [
                    1,
                    2.5,
                    true
                ],
                "\\ufffd": "\\u00e9\\"\\\\\\n\\t\\u007f",
                "\\ud83d\\ude00": {}
            }""");
  }
}
