package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * From a picture's file to what a network sees: the shorter side is brought to a size, a square is
 * cut from the middle, and bytes are scaled, channel by channel, red, green, blue.
 *
 * @param shorterSide the size of the shorter side, in pixels; the longer one is rounded down
 * @param crop the height and width of the square, in pixels, at most the shorter side
 * @param interpolation how pictures are brought to a size
 * @param scaling from a byte to the number a network sees
 */
public record Preprocessing(
    int shorterSide, int crop, Interpolation interpolation, Scaling scaling) {
  private static final int CHANNELS = 3;
  private static final int BYTE = 255;

  /**
   * What torchvision's networks were trained with: 256, 224, bilinear, the mean and deviation of
   * ImageNet.
   */
  public static final Preprocessing TORCHVISION =
      new Preprocessing(
          256,
          224,
          Interpolation.BILINEAR,
          new Scaling(
              List.of(0.485 * BYTE, 0.456 * BYTE, 0.406 * BYTE),
              List.of(0.229 * BYTE, 0.224 * BYTE, 0.225 * BYTE)));

  /** What EfficientNet-Lite0 was trained with: 256, 224, bicubic, (x − 127)/128. */
  public static final Preprocessing EFFICIENTNET_LITE0 =
      new Preprocessing(
          256,
          224,
          Interpolation.BICUBIC,
          new Scaling(List.of(127.0, 127.0, 127.0), List.of(128.0, 128.0, 128.0)));

  private static final Map<String, Preprocessing> NAMED =
      new TreeMap<>(Map.of("torchvision", TORCHVISION, "efficientnet_lite0", EFFICIENTNET_LITE0));

  /** Checks the sizes. */
  public Preprocessing {
    if (crop < 1 || shorterSide < crop) {
      throw new QalibreException(
          "expected a crop of at least 1 pixel and a shorter side at least as long, found %d of %d"
              .formatted(crop, shorterSide));
    }
  }

  /**
   * Maps a byte to {@code (byte − mean) / deviation}.
   *
   * @param mean one for each of the three channels, 0 to 255
   * @param deviation one for each of the three channels, above 0, on the same scale
   */
  public record Scaling(List<Double> mean, List<Double> deviation) {
    /** Checks and copies the lists. */
    public Scaling {
      mean = List.copyOf(mean);
      deviation = List.copyOf(deviation);
      if (mean.size() != CHANNELS
          || deviation.size() != CHANNELS
          || !deviation.stream().allMatch(d -> d > 0)) {
        throw new QalibreException(
            "expected three means and three deviations above 0, found %s and %s"
                .formatted(mean, deviation));
      }
    }

    /** The number for each of the 256 bytes. */
    float[] table(int channel) {
      float[] table = new float[BYTE + 1];
      for (int value = 0; value < table.length; value++) {
        table[value] = (float) ((value - mean.get(channel)) / deviation.get(channel));
      }
      return table;
    }
  }

  /**
   * A preprocessing by its name, {@code torchvision} or {@code efficientnet_lite0}: for the
   * environment variables of notebooks.
   *
   * @throws UnknownNameException if there is none of that name
   */
  public static Preprocessing named(String name) {
    Preprocessing found = NAMED.get(name);
    if (found == null) {
      throw new UnknownNameException("preprocessing", name, "Preprocessing", NAMED.keySet());
    }
    return found;
  }

  /** The same with pictures of other sizes. */
  public Preprocessing sizes(int shorterSide, int crop) {
    return new Preprocessing(shorterSide, crop, interpolation, scaling);
  }

  /** The same with another interpolation. */
  public Preprocessing interpolation(Interpolation other) {
    return new Preprocessing(shorterSide, crop, other, scaling);
  }

  /**
   * A picture as a network sees it.
   *
   * @param file a JPEG or PNG file
   * @return floats of shape 1×3×crop×crop
   * @throws QalibreException if the file is missing or cannot be read
   */
  public Tensor tensor(Path file) {
    return Tensor.of(scaled(middle(DecodedImage.read(file))), 1, CHANNELS, crop, crop);
  }

  /**
   * A picture as a network sees it.
   *
   * @param content the bytes of a JPEG or PNG file
   * @param name what errors call it
   * @return floats of shape 1×3×crop×crop
   * @throws QalibreException if it is no picture, or damaged
   */
  public Tensor tensor(byte[] content, String name) {
    return Tensor.of(scaled(middle(DecodedImage.read(content, name))), 1, CHANNELS, crop, crop);
  }

  /**
   * A picture as a network sees it.
   *
   * @param height in pixels
   * @param width in pixels
   * @param planes red, green and blue, each row by row
   * @return floats of shape 1×3×crop×crop
   * @throws QalibreException if the planes do not go with the sizes
   */
  public Tensor tensor(int height, int width, List<byte[]> planes) {
    if (planes.size() != CHANNELS || planes.stream().anyMatch(p -> p.length != height * width)) {
      throw new QalibreException(
          "expected three planes of %d×%d bytes, found %s"
              .formatted(height, width, planes.stream().map(p -> p.length).toList()));
    }
    DecodedImage image = new DecodedImage(height, width, planes);
    return Tensor.of(scaled(middle(image)), 1, CHANNELS, crop, crop);
  }

  /** A picture's middle. */
  DecodedImage middle(DecodedImage image) {
    int shorter = Math.min(image.height(), image.width());
    int height = (int) Math.min(Integer.MAX_VALUE, (long) shorterSide * image.height() / shorter);
    int width = (int) Math.min(Integer.MAX_VALUE, (long) shorterSide * image.width() / shorter);
    int top = (int) Math.rint((height - crop) / 2.0);
    int left = (int) Math.rint((width - crop) / 2.0);
    return image.resized(height, width, interpolation).part(top, left, crop, crop);
  }

  /** A part of a picture, in the size of the crop, perhaps mirrored. */
  DecodedImage part(DecodedImage image, RandomCrops.Part part) {
    DecodedImage cut =
        image
            .part(part.top(), part.left(), part.height(), part.width())
            .resized(crop, crop, interpolation);
    return part.mirrored() ? cut.mirrored() : cut;
  }

  /** The numbers of a picture of the crop's size, channel by channel. */
  float[] scaled(DecodedImage image) {
    int pixels = crop * crop;
    float[] values = new float[CHANNELS * pixels];
    for (int channel = 0; channel < CHANNELS; channel++) {
      float[] table = scaling.table(channel);
      byte[] plane = image.planes().get(channel);
      for (int i = 0; i < pixels; i++) {
        values[channel * pixels + i] = table[plane[i] & BYTE];
      }
    }
    return values;
  }
}
