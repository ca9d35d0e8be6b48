package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against what Pillow 13.0 makes of the same picture. */
class Resampling_resize_Test {
  private static final int HEIGHT = 9;
  private static final int WIDTH = 7;

  @ParameterizedTest(name = "{0} {1}×{2}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          BICUBIC  | 4  | 3  | 77 128 137 106 92 112 121 119 137 113 146 133
          BICUBIC  | 9  | 3  | 66 174 74 52 76 201 161 140 113 62 80 92 119 70 128 136 134 125 115 137 165 90 152 120 138 138 132
          BICUBIC  | 13 | 10 | 0 15 89 218 248 185 70 37 68 112 8 39 81 103 116 128 136 110 144 193 45 94 108 32 39 95 167 151 194 249
          BILINEAR | 4  | 3  | 81 124 135 101 100 112 122 123 134 115 143 131
          BILINEAR | 9  | 3  | 68 165 78 57 80 194 158 143 113 62 83 89 115 81 124 135 137 125 121 130 165 92 151 118 139 141 128
          BILINEAR | 13 | 10 | 0 29 93 204 218 172 78 54 77 116 16 49 85 107 120 128 131 113 143 187 49 89 104 51 66 104 153 143 181 232
          BILINEAR | 2  | 7  | 76 116 96 138 92 91 181 112 130 93 139 158 67 190
          """)
  void makes_the_pixels_that_Pillow_makes(
      Interpolation filter, int height, int width, String expected) {
    byte[] picture = new byte[HEIGHT * WIDTH];
    for (int i = 0; i < picture.length; i++) {
      int row = i / WIDTH;
      int column = i % WIDTH;
      picture[i] = (byte) (29 * row * row + 53 * column * column + 17 * row * column);
    }

    byte[] resized = new Resampling(filter).resize(picture, HEIGHT, WIDTH, height, width);

    String[] first = expected.split(" ");
    assertThat(resized).hasSize(height * width);
    assertThat(IntStream.range(0, first.length).map(i -> resized[i] & 0xff))
        .containsExactly(
            IntStream.range(0, first.length)
                .mapToObj(i -> Integer.valueOf(first[i]))
                .toArray(Integer[]::new));
  }
}
