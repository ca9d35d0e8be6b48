package io.qalibre.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.qalibre.data.Preprocessing;
import io.qalibre.graph.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Pictures of ImageNet with their class indices.
 *
 * <p>They are those of {@code val/<synset>/*.JPEG}, in order of their paths; the class index is the
 * line of the synset in {@code synsets.txt}. Of the 300 pictures' values 99.996 % are Pillow's own
 * (13.0), the others differ by one.
 */
public final class ImageNetSample {
  /** Height and width of the pictures. */
  public static final int SIZE = 224;

  private static final int ELEMENTS = 3 * SIZE * SIZE;

  private final List<Picture> pictures;

  private ImageNetSample(List<Picture> pictures) {
    this.pictures = List.copyOf(pictures);
  }

  private record Picture(Path file, long label) {}

  /** A file of the sample; the test is skipped where it is absent. */
  public static Path file(String name) {
    String folder = System.getenv().getOrDefault("QALIBRE_SHARED", "../shared");
    Path path = Path.of(folder, "imagenet", name);
    assumeTrue(Files.exists(path), () -> "skipped: no ImageNet sample at " + path);
    return path.toAbsolutePath().normalize();
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
              .map(
                  path -> new Picture(path, classes.get(path.getParent().getFileName().toString())))
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

  /** The pictures as EfficientNet-Lite0 takes them, with labels, in batches. */
  public Labelled dataset() {
    float[] values = new float[size() * ELEMENTS];
    IntStream.range(0, size())
        .parallel()
        .forEach(
            i -> {
              Path file = pictures.get(i).file();
              float[] one = Preprocessing.EFFICIENTNET_LITE0.tensor(file).floats();
              System.arraycopy(one, 0, values, i * ELEMENTS, ELEMENTS);
            });
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
}
