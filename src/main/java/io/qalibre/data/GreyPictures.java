package io.qalibre.data;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * Grey pictures on the heap.
 *
 * @param images the pictures, shared by all datasets made of them
 * @param format how they are laid out and varied
 */
record GreyPictures(LabelledImages images, ImageFormat format) implements Pictures {
  @Override
  public List<String> classes() {
    return images.classes();
  }

  @Override
  public int label(int picture) {
    return images.labels()[picture];
  }

  @Override
  public int channels() {
    return format.channels();
  }

  @Override
  public int size() {
    return format.size();
  }

  @Override
  public void write(int[] pictures, FloatBuffer out) {
    format.write(images, pictures, out);
  }

  @Override
  public Pictures as(int channels, int size) {
    return new GreyPictures(images, format.sized(channels, size, images.side()));
  }

  @Override
  public Pictures augmented(int pad, boolean flip, long seed) {
    return with(new Augmentation(pad, flip, seed));
  }

  @Override
  public boolean varied() {
    return !format.augmentation().isNone();
  }

  @Override
  public Pictures plain() {
    return with(Augmentation.NONE);
  }

  @Override
  public Pictures shifted(long seeds) {
    Augmentation own = format.augmentation();
    return varied() ? with(new Augmentation(own.pad(), own.flip(), own.seed() + seeds)) : this;
  }

  private Pictures with(Augmentation augmentation) {
    return new GreyPictures(images, format.augmented(augmentation));
  }
}
