package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.qalibre.testing.Fuzz;
import org.junit.jupiter.api.BeforeAll;

/**
 * Any bytes as a picture; what has been read can be cut to what a network takes. See {@link Fuzz}.
 */
class DecodedImage_fuzz_Test {
  private static final Preprocessing SMALL = Preprocessing.TORCHVISION.sizes(20, 16);

  @BeforeAll
  static void followTheReader() {
    Fuzz.follow("io.qalibre.data.*");
  }

  @FuzzTest(maxDuration = Fuzz.DURATION)
  void read(byte[] bytes) {
    Fuzz.check(() -> readAndCut(bytes));
  }

  private static void readAndCut(byte[] bytes) {
    DecodedImage image = DecodedImage.read(bytes, "fuzz.jpeg");
    assertThat(image.planes()).hasSize(3);
    assertThat(SMALL.scaled(SMALL.middle(image))).hasSize(3 * 16 * 16);
  }
}
