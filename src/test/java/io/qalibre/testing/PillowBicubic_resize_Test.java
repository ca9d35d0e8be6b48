package io.qalibre.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against what Pillow 13.0 makes of the same picture. */
class PillowBicubic_resize_Test {
  private static final int HEIGHT = 9;
  private static final int WIDTH = 7;

  @ParameterizedTest(name = "{0}×{1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          4  | 3  | 77 128 137 106 92 112 121 119 137 113 146 133
          9  | 3  | 66 174 74 52 76 201 161 140 113 62 80 92 119 70 128 136 134 125 115 137 165 90 152 120 138 138 132
          13 | 10 | 0 15 89 218 248 185 70 37 68 112 8 39 81 103 116 128 136 110 144 193 45 94 108 32 39 95 167 151 194 249
          """)
  void makes_the_pixels_that_Pillow_makes(int height, int width, String expected) {
    byte[] picture = new byte[HEIGHT * WIDTH];
    for (int i = 0; i < picture.length; i++) {
      int row = i / WIDTH;
      int column = i % WIDTH;
      picture[i] = (byte) (29 * row * row + 53 * column * column + 17 * row * column);
    }

    byte[] resized = PillowBicubic.resize(picture, HEIGHT, WIDTH, height, width);

    String[] first = expected.split(" ");
    assertThat(resized).hasSize(height * width);
    assertThat(IntStream.range(0, first.length).map(i -> resized[i] & 0xff))
        .containsExactly(
            IntStream.range(0, first.length)
                .mapToObj(i -> Integer.valueOf(first[i]))
                .toArray(Integer[]::new));
  }
}
