package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The pixels of a picture's file: three channels of bytes, red, green and blue.
 *
 * @param height in pixels
 * @param width in pixels
 * @param planes the channels, row by row; of a grey picture three times the same
 */
record DecodedImage(int height, int width, List<byte[]> planes) {
  private static final int CHANNELS = 3;

  /** A small file can claim any size, and be believed until memory is gone. */
  private static final long MOST_PIXELS = 1L << 26;

  /**
   * Reads a JPEG or PNG file, whatever its name. JPEGs are given in the colours that they are
   * stored in: a colour profile is not looked at, as in Pillow and torchvision.
   *
   * @throws QalibreException if there is no such file, it is no picture, is cut off or damaged, has
   *     the four channels of print, or more than 67 million pixels
   */
  static DecodedImage read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new QalibreException("no picture `" + file + "`");
    }
    try (ImageInputStream in = new FileImageInputStream(file.toFile())) {
      return read(in, file.toString());
    } catch (IOException e) {
      throw new QalibreException("picture `" + file + "` cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Reads the bytes of a JPEG or PNG file; see {@link #read(Path)}.
   *
   * @param content the file's bytes
   * @param name what errors call it
   */
  static DecodedImage read(byte[] content, String name) {
    return read(new MemoryCacheImageInputStream(new ByteArrayInputStream(content)), name);
  }

  /** Reads what a stream holds, which is closed by the caller. */
  private static DecodedImage read(ImageInputStream in, String name) {
    try {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new QalibreException("`" + name + "` is no picture that Java reads (JPEG, PNG)");
      }
      ImageReader reader = readers.next();
      try {
        return read(reader, in, name);
      } finally {
        reader.dispose();
      }
    } catch (QalibreException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Damaged files end in all kinds of exceptions inside ImageIO.
      throw new QalibreException("picture `" + name + "` cannot be read: " + e.getMessage(), e);
    }
  }

  private static DecodedImage read(ImageReader reader, ImageInputStream in, String name)
      throws IOException {
    List<String> warnings = new ArrayList<>();
    reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
    reader.setInput(in);
    checkSize(reader.getHeight(0), reader.getWidth(0), "picture `" + name + "`");
    boolean jpeg = reader.getFormatName().equalsIgnoreCase("jpeg");
    BufferedImage image = reader.read(0, jpeg ? stored(reader, name) : null);
    if (warnings.stream().anyMatch(DecodedImage::cutOff)) {
      throw new QalibreException("picture `" + name + "` is cut off: " + warnings.get(0));
    }
    int height = image.getHeight();
    int width = image.getWidth();
    return new DecodedImage(height, width, planes(image, jpeg));
  }

  /** Refuses sizes that are too large to be held. */
  private static void checkSize(long height, long width, String what) {
    if (height * width > MOST_PIXELS) {
      throw new QalibreException(
          "%s has %d×%d pixels, expected at most %d million"
              .formatted(what, width, height, MOST_PIXELS / 1_000_000));
    }
  }

  private static boolean cutOff(String warning) {
    return warning.toLowerCase(java.util.Locale.ROOT).matches(".*(truncat|premature|no eoi).*");
  }

  /** Asks for the colours of the file, where the reader would convert them. */
  private static ImageReadParam stored(ImageReader reader, String name) throws IOException {
    ImageReadParam own = reader.getDefaultReadParam();
    Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
    if (!types.hasNext()) {
      throw new QalibreException(
          "picture `" + name + "` has the four channels of print (CMYK); convert it to RGB");
    }
    while (types.hasNext()) {
      ImageTypeSpecifier type = types.next();
      if (type.getNumBands() == CHANNELS && !type.getColorModel().getColorSpace().isCS_sRGB()) {
        own.setDestinationType(type);
      }
    }
    return own;
  }

  private static List<byte[]> planes(BufferedImage image, boolean jpeg) {
    ColorModel colours = image.getColorModel();
    // Java takes grey numbers for light, not for sRGB, and would brighten them.
    boolean grey =
        colours.getColorSpace().getType() == ColorSpace.TYPE_GRAY
            && colours.getComponentSize(0) >= Byte.SIZE
            && !(colours instanceof IndexColorModel);
    return jpeg || grey
        ? bands(image.getRaster(), grey, colours.getComponentSize(0) - Byte.SIZE)
        : converted(image);
  }

  private static List<byte[]> bands(Raster raster, boolean grey, int shift) {
    byte[][] planes = new byte[CHANNELS][];
    int[] samples = new int[raster.getWidth() * raster.getHeight()];
    for (int channel = 0; channel < CHANNELS; channel++) {
      if (channel > 0 && (grey || raster.getNumBands() == 1)) {
        planes[channel] = planes[0];
        continue;
      }
      raster.getSamples(0, 0, raster.getWidth(), raster.getHeight(), channel, samples);
      planes[channel] = bytes(samples, shift);
    }
    return Arrays.asList(planes);
  }

  private static List<byte[]> converted(BufferedImage image) {
    int width = image.getWidth();
    int[] colours = image.getRGB(0, 0, width, image.getHeight(), null, 0, width);
    return List.of(bytes(colours, 16), bytes(colours, 8), bytes(colours, 0));
  }

  private static byte[] bytes(int[] values, int shift) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (values[i] >> shift);
    }
    return bytes;
  }

  /** A part of the picture. */
  DecodedImage part(int top, int left, int rows, int columns) {
    return new DecodedImage(
        rows,
        columns,
        planes.stream().map(plane -> part(plane, top, left, rows, columns)).toList());
  }

  private byte[] part(byte[] plane, int top, int left, int rows, int columns) {
    byte[] part = new byte[rows * columns];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(plane, (top + row) * width + left, part, row * columns, columns);
    }
    return part;
  }

  /** The picture in another size. */
  DecodedImage resized(int newHeight, int newWidth, Interpolation filter) {
    checkSize(newHeight, newWidth, "a picture of %d×%d, resized,".formatted(width, height));
    Resampling resampling = new Resampling(filter);
    return new DecodedImage(
        newHeight,
        newWidth,
        planes.stream()
            .map(plane -> resampling.resize(plane, height, width, newHeight, newWidth))
            .toList());
  }

  /** The picture with left and right exchanged. */
  DecodedImage mirrored() {
    return new DecodedImage(height, width, planes.stream().map(this::mirrored).toList());
  }

  private byte[] mirrored(byte[] plane) {
    byte[] mirrored = new byte[plane.length];
    for (int i = 0; i < plane.length; i++) {
      int column = i % width;
      mirrored[i] = plane[i - column + width - 1 - column];
    }
    return mirrored;
  }
}
