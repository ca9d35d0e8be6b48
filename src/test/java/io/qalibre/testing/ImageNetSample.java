package io.qalibre.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qalibre.graph.Tensor;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;

/**
 * Pictures of ImageNet with their class indices, as bytes on the heap.
 *
 * <p>They are read from {@code val/<synset>/*.JPEG}, in order of their paths; the class index is
 * the line of the synset in {@code synsets.txt}. A picture is decoded to RGB as it is stored, its
 * shorter side brought to 256 ({@link PillowBicubic}), and 224×224 cut from its middle: what
 * torchvision does with Pillow's pictures. Of the 300 pictures' values 99.996 % are Pillow's own
 * (13.0), the others differ by one, and a network is right on the same pictures.
 */
public final class ImageNetSample {
  /** Height and width of the pictures. */
  public static final int SIZE = 224;

  private static final int SHORTER_SIDE = 256;
  private static final int PIXELS = SIZE * SIZE;

  private final List<Picture> pictures;

  private ImageNetSample(List<Picture> pictures) {
    this.pictures = List.copyOf(pictures);
  }

  /** The pixels of a picture, 3×224×224. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Picture(Path file, long label, byte[] pixels) {}

  /** A file of the sample; the test is skipped where it is absent. */
  public static Path file(String name) {
    String folder = System.getenv().getOrDefault("QALIBRE_SHARED", "../shared");
    Path path = Path.of(folder, "imagenet", name);
    assumeTrue(Files.exists(path), () -> "skipped: no ImageNet sample at " + path);
    return path;
  }

  /** All pictures; the test is skipped where they are absent. */
  public static ImageNetSample read() {
    Path val = file("val");
    try (Stream<Path> files = Files.walk(val, 2)) {
      Map<String, Long> classes = classes();
      return new ImageNetSample(
          files
              .filter(path -> path.toString().endsWith(".JPEG"))
              .sorted()
              .map(path -> read(path, classes))
              .toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same pictures in an order of their own for each seed. */
  public ImageNetSample shuffled(long seed) {
    List<Picture> order = new ArrayList<>(pictures);
    Collections.shuffle(order, new Random(seed));
    return new ImageNetSample(order);
  }

  /** Pictures from a position to before another one. */
  public ImageNetSample part(int from, int to) {
    return new ImageNetSample(pictures.subList(from, to));
  }

  /** The number of pictures. */
  public int size() {
    return pictures.size();
  }

  /** Where the pictures come from, in their order. */
  public List<Path> files() {
    return pictures.stream().map(Picture::file).toList();
  }

  /** The class indices, in the order of the pictures. */
  public long[] labels() {
    return pictures.stream().mapToLong(Picture::label).toArray();
  }

  /** The pictures as EfficientNet-Lite takes them, (x − 127)/128, with labels, in batches. */
  public Labelled dataset() {
    float[] values = new float[size() * 3 * PIXELS];
    for (int i = 0; i < size(); i++) {
      byte[] pixels = pictures.get(i).pixels();
      for (int k = 0; k < pixels.length; k++) {
        values[i * pixels.length + k] = ((pixels[k] & 0xff) - 127) / 128f;
      }
    }
    return Labelled.of(Tensor.of(values, size(), 3, SIZE, SIZE), labels());
  }

  private static Map<String, Long> classes() throws IOException {
    List<String> lines = Files.readAllLines(file("synsets.txt"));
    Map<String, Long> classes = new LinkedHashMap<>();
    for (String line : lines) {
      classes.put(line.substring(0, line.indexOf(' ')), (long) classes.size());
    }
    return classes;
  }

  private static Picture read(Path file, Map<String, Long> classes) {
    String synset = file.getParent().getFileName().toString();
    return new Picture(file, classes.get(synset), prepared(decoded(file)));
  }

  /** A picture in the colours it is stored in: one with a colour profile is not converted. */
  private static BufferedImage decoded(Path file) {
    ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      reader.setInput(in);
      ImageReadParam own = reader.getDefaultReadParam();
      Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
      while (types.hasNext()) {
        ImageTypeSpecifier type = types.next();
        if (type.getNumBands() == 3 && !type.getColorModel().getColorSpace().isCS_sRGB()) {
          own.setDestinationType(type);
        }
      }
      return reader.read(0, own);
    } catch (IOException e) {
      throw new UncheckedIOException(file.toString(), e);
    } finally {
      reader.dispose();
    }
  }

  private static byte[] prepared(BufferedImage image) {
    int height = image.getHeight();
    int width = image.getWidth();
    int shorter = Math.min(height, width);
    int newHeight = SHORTER_SIDE * height / shorter;
    int newWidth = SHORTER_SIDE * width / shorter;
    int top = (int) Math.rint((newHeight - SIZE) / 2.0);
    int left = (int) Math.rint((newWidth - SIZE) / 2.0);
    byte[] pixels = new byte[3 * PIXELS];
    for (int channel = 0; channel < 3; channel++) {
      byte[] resized =
          PillowBicubic.resize(plane(image, channel), height, width, newHeight, newWidth);
      for (int row = 0; row < SIZE; row++) {
        int from = (top + row) * newWidth + left;
        System.arraycopy(resized, from, pixels, channel * PIXELS + row * SIZE, SIZE);
      }
    }
    return pixels;
  }

  /** A channel's bytes; of a grey picture each of the three is the one it has. */
  private static byte[] plane(BufferedImage image, int channel) {
    Raster raster = image.getRaster();
    int band = Math.min(channel, raster.getNumBands() - 1);
    int[] samples =
        raster.getSamples(0, 0, image.getWidth(), image.getHeight(), band, (int[]) null);
    byte[] bytes = new byte[samples.length];
    IntStream.range(0, bytes.length).forEach(i -> bytes[i] = (byte) samples[i]);
    return bytes;
  }
}
