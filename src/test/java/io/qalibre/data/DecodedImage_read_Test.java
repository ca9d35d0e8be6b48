package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecodedImage_read_Test {
  @TempDir private Path folder;

  /** As Pillow and torchvision give it; Java's own conversion to RGB would make 188 of 128. */
  @ParameterizedTest
  @CsvSource({"png, 10", "png, 11", "jpg, 10"})
  void a_grey_picture_keeps_its_numbers(String format, int type) throws IOException {
    int unit = type == BufferedImage.TYPE_USHORT_GRAY ? 257 : 1;
    BufferedImage image = new BufferedImage(16, 16, type);
    for (int i = 0; i < 256; i++) {
      image.getRaster().setSample(i % 16, i / 16, 0, 128 * unit);
    }
    Path file = folder.resolve("grey." + format);
    ImageIO.write(image, format, file.toFile());

    DecodedImage read = DecodedImage.read(file);

    assertThat(read.planes()).hasSize(3);
    for (byte[] plane : read.planes()) {
      assertThat(plane).hasSize(256).containsOnly((byte) 128);
    }
    assertThat(DecodedImage.read(Files.readAllBytes(file), "grey").planes().get(2))
        .isEqualTo(read.planes().get(2));
  }
}
