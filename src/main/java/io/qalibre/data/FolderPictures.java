package io.qalibre.data;

import io.qalibre.errors.QalibreException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The pictures of a folder, read when they are asked for, on all cores.
 *
 * @param index the files and their classes
 * @param preprocessing what a network sees of them
 * @param crops how they are varied, or null
 */
record FolderPictures(FolderIndex index, Preprocessing preprocessing, @Nullable RandomCrops crops)
    implements Pictures {
  private static final int CHANNELS = 3;

  @Override
  public List<String> classes() {
    return index.classes();
  }

  @Override
  public int label(int picture) {
    return index.labels()[picture];
  }

  @Override
  public int channels() {
    return CHANNELS;
  }

  @Override
  public int size() {
    return preprocessing.crop();
  }

  @Override
  public void write(int[] pictures, FloatBuffer out) {
    int from = out.position();
    int elements = Math.toIntExact(elements());
    // Each picture has a place of its own, so that they can be written in any order.
    IntStream.range(0, pictures.length)
        .parallel()
        .forEach(i -> out.put(from + i * elements, numbers(pictures[i])));
    out.position(from + pictures.length * elements);
  }

  private float[] numbers(int picture) {
    DecodedImage image = DecodedImage.read(index.files().get(picture));
    if (crops == null) {
      return preprocessing.scaled(preprocessing.middle(image));
    }
    RandomCrops.Part part = crops.part(picture, image.height(), image.width());
    return preprocessing.scaled(preprocessing.part(image, part));
  }

  @Override
  public Pictures as(int channels, int size) {
    throw new QalibreException(
        ("as(%d, %d): pictures of a folder have three channels and the size of their preprocessing,"
                + " %d; give imageFolder another one, such as Preprocessing.TORCHVISION.sizes(146,"
                + " 128)")
            .formatted(channels, size, preprocessing.crop()));
  }

  @Override
  public Pictures augmented(int pad, boolean flip, long seed) {
    throw new QalibreException(
        "augmented(pad, flip, seed): pictures of a folder are varied already, by random parts and"
            + " mirroring, in the training part");
  }

  @Override
  public boolean varied() {
    return crops != null;
  }

  @Override
  public Pictures plain() {
    return new FolderPictures(index, preprocessing, null);
  }

  @Override
  public Pictures shifted(long seeds) {
    return crops == null
        ? this
        : new FolderPictures(index, preprocessing, new RandomCrops(crops.seed() + seeds));
  }
}
