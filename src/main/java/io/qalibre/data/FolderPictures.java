package io.qalibre.data;

import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The pictures of a folder, read when they are asked for, on all cores.
 *
 * @param index the files and their classes
 * @param preprocessing what a network sees of them
 * @param crops how they are varied, or null
 * @param leftOut what is the matter with those that were found unreadable
 */
record FolderPictures(
    FolderIndex index,
    Preprocessing preprocessing,
    @Nullable RandomCrops crops,
    List<String> leftOut)
    implements Pictures {
  private static final int CHANNELS = 3;

  /** How many pictures are looked at between two looks at the user's interrupt. */
  private static final int AT_ONCE = 64;

  /** Pictures none of which is left out. */
  FolderPictures(FolderIndex index, Preprocessing preprocessing, @Nullable RandomCrops crops) {
    this(index, preprocessing, crops, List.of());
  }

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
  public Checked checked(int[] pictures) {
    @Nullable String[] problems = new @Nullable String[pictures.length];
    for (int from = 0; from < pictures.length; from += AT_ONCE) {
      int done = from;
      InterruptedWorkException.check(
          () -> "stopped after looking at %d of %d pictures".formatted(done, pictures.length));
      IntStream.range(from, Math.min(from + AT_ONCE, pictures.length))
          .parallel()
          .forEach(i -> problems[i] = problem(pictures[i]));
    }
    List<String> unreadable = new ArrayList<>(leftOut);
    Stream.of(problems).filter(Objects::nonNull).forEach(unreadable::add);
    return new Checked(
        new FolderPictures(index, preprocessing, crops, List.copyOf(unreadable)),
        IntStream.range(0, pictures.length)
            .filter(i -> problems[i] == null)
            .map(i -> pictures[i])
            .toArray());
  }

  private @Nullable String problem(int picture) {
    try {
      preprocessing.middle(DecodedImage.read(index.files().get(picture)));
      return null;
    } catch (QalibreException e) {
      return e.getMessage();
    }
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
    return new FolderPictures(index, preprocessing, null, leftOut);
  }

  @Override
  public Pictures shifted(long seeds) {
    return crops == null
        ? this
        : new FolderPictures(index, preprocessing, new RandomCrops(crops.seed() + seeds), leftOut);
  }
}
