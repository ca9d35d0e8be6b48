package io.qalibre.data;

import java.nio.FloatBuffer;
import java.util.List;

/** Labelled pictures, and how they are laid out for a network: what image datasets are made of. */
sealed interface Pictures permits GreyPictures, FolderPictures {
  /** The classes' names; a label is a position in this list. */
  List<String> classes();

  /**
   * The class of a picture.
   *
   * @param picture its place among all pictures of the source
   */
  int label(int picture);

  /** The number of channels that a network gets. */
  int channels();

  /** The height and width that a network gets, in pixels. */
  int size();

  /**
   * Writes pictures one after the other, scaled.
   *
   * @param pictures which of them
   * @param out receives channels·size·size floats a picture, at its position
   * @throws io.qalibre.errors.QalibreException if a picture cannot be read
   */
  void write(int[] pictures, FloatBuffer out);

  /**
   * The same for another network; see {@link ImageDataset#as}.
   *
   * @throws io.qalibre.errors.QalibreException if that is not possible
   */
  Pictures as(int channels, int size);

  /**
   * The same, varied by moving and mirroring; see {@link ImageDataset#augmented}.
   *
   * @throws io.qalibre.errors.QalibreException if that is not possible
   */
  Pictures augmented(int pad, boolean flip, long seed);

  /** Whether pictures are varied. */
  boolean varied();

  /** The same without variation. */
  Pictures plain();

  /** The same in other variants, if they are varied: with a seed so far away from this one. */
  Pictures shifted(long seeds);

  /**
   * Pictures that were all read once.
   *
   * @param source the same, with a note of those that cannot be read
   * @param readable those that can
   */
  @SuppressWarnings("ArrayRecordComponent") // taken apart at once
  record Checked(Pictures source, int[] readable) {}

  /**
   * Reads some pictures to find out which of them can be.
   *
   * @param pictures which of them
   * @throws io.qalibre.errors.InterruptedWorkException if the user asked to stop
   */
  default Checked checked(int[] pictures) {
    return new Checked(this, pictures.clone());
  }

  /** What is the matter with those that were found unreadable, a sentence each. */
  default List<String> leftOut() {
    return List.of();
  }

  /** The number of floats of one picture. */
  default long elements() {
    return (long) channels() * size() * size();
  }
}
