package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Tensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders with small pictures, whose brightness tells which they are. */
class Datasets_imageFolder_Test {
  private static final Preprocessing SMALL = Preprocessing.TORCHVISION.sizes(20, 16);

  @TempDir private Path root;

  /** Writes a picture whose colours grow from the left to the right. */
  private Path picture(String part, String synset, int number, String format) throws IOException {
    Path file = root.resolve(part).resolve(synset).resolve("p" + number + "." + format);
    Files.createDirectories(file.getParent());
    BufferedImage image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
    for (int x = 0; x < 40; x++) {
      for (int y = 0; y < 30; y++) {
        image.setRGB(x, y, 4 * x << 16 | (10 * number & 0xff) << 8 | 7 * y);
      }
    }
    ImageIO.write(image, format, file.toFile());
    return file;
  }

  private void pictures(String part, int ofEach, String... synsets) throws IOException {
    for (String synset : synsets) {
      for (int i = 0; i < ofEach; i++) {
        picture(part, synset, i, "png");
      }
    }
  }

  private static Set<Integer> set(ImageDataset part) {
    return new HashSet<>(Arrays.stream(part.pictures()).boxed().toList());
  }

  private static void assertDisjoint(ImageSplits data, int all) {
    Set<Integer> together = new HashSet<>();
    for (ImageDataset part : List.of(data.training(), data.validation(), data.test())) {
      assertThat(set(part)).hasSize(Math.toIntExact(part.size()));
      together.addAll(set(part));
    }
    assertThat(data.training().size() + data.validation().size() + data.test().size())
        .isEqualTo(all);
    assertThat(together).hasSize(all);
  }

  @Test
  void without_train_the_parts_are_drawn_from_val_and_share_no_picture() throws IOException {
    pictures("val", 10, "n03", "n01", "n02");

    ImageSplits data = Datasets.imageFolder(root, SMALL);

    assertDisjoint(data, 30);
    assertThat(data.training().size()).isEqualTo(10);
    assertThat(data.validation().size()).isEqualTo(5);
    assertThat(data.test().size()).isEqualTo(15);
    assertThat(data.classes()).containsExactly("n01", "n02", "n03");
    assertThat(data.toString()).contains("no folder train").contains("30 pictures");
    assertThat(Datasets.imageFolder(root, SMALL).test().pictures())
        .isEqualTo(data.test().pictures());
  }

  @Test
  void with_train_val_is_the_test_part_and_a_tenth_of_train_chooses() throws IOException {
    pictures("train", 20, "n01", "n02");
    pictures("val", 3, "n01", "n02");

    ImageSplits data = Datasets.imageFolder(root, SMALL);

    assertDisjoint(data, 46);
    assertThat(data.validation().size()).isEqualTo(4);
    assertThat(data.test().size()).isEqualTo(6);
    assertThat(data.test().labels()).containsExactly(0, 0, 0, 1, 1, 1);
    assertThat(data.toString()).doesNotContain("no folder");
  }

  @Test
  void labels_are_places_in_a_list_where_there_is_one() throws IOException {
    pictures("val", 6, "n01", "n02");
    Files.writeString(
        root.resolve("synsets.txt"), "n09 nine\nn02 two, or second\nn01 one\nn05 five\n");

    ImageSplits data = Datasets.imageFolder(root, SMALL);

    assertThat(data.classes()).containsExactly("n09", "n02", "n01", "n05");
    assertThat(data.test().labels()).containsOnly(1, 2);
  }

  @Test
  void a_folder_that_the_list_lacks_is_an_error_with_near_names() throws IOException {
    pictures("val", 6, "n01440764");
    Files.writeString(root.resolve("synsets.txt"), "n01440765 a fish\n");

    assertThatThrownBy(() -> Datasets.imageFolder(root, SMALL))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContainingAll("n01440764", "n01440765");
  }

  @Test
  void a_picture_is_resized_cut_from_the_middle_and_scaled() throws IOException {
    Path file = picture("val", "n01", 9, "png");

    Tensor tensor = SMALL.tensor(file);

    assertThat(tensor.sizes()).containsExactly(1, 3, 16, 16);
    float[] values = tensor.floats();
    // 40×30 becomes 26×20; the crop begins at column 5 and row 2. Red is 4·x of the large picture.
    double red = 4 * ((5 + 8 + 0.5) * 40 / 26 - 0.5);
    assertThat(values[8 * 16 + 8]).isCloseTo((float) ((red / 255 - 0.485) / 0.229), within(0.03f));
    assertThat(values[256 + 100]).isCloseTo((float) ((90 / 255.0 - 0.456) / 0.224), within(0.02f));
    double blue = 7 * ((2 + 4 + 0.5) * 30 / 20 - 0.5);
    assertThat(values[512 + 4 * 16])
        .isCloseTo((float) ((blue / 255 - 0.406) / 0.225), within(0.03f));
  }

  @Test
  void batches_hold_the_pictures_of_their_positions() throws IOException {
    pictures("val", 60, "n01", "n02");
    ImageDataset test = Datasets.imageFolder(root, SMALL).test();
    FolderPictures source = (FolderPictures) test.source();
    int position = 0;

    try (NDManager manager = NDManager.newBaseManager()) {
      for (Batch batch : test.getData(manager)) {
        try (batch) {
          float[] values = batch.getData().singletonOrThrow().toFloatArray();
          long[] labels = batch.getLabels().singletonOrThrow().toLongArray();
          assertThat(batch.getData().singletonOrThrow().getShape().getShape())
              .containsExactly(batch.getSize(), 3, 16, 16);
          for (int i = 0; i < labels.length; i++) {
            int picture = test.pictures()[position++];
            assertThat(labels[i]).isEqualTo(source.label(picture));
            assertThat(Arrays.copyOfRange(values, i * 768, i * 768 + 768))
                .isEqualTo(SMALL.tensor(source.index().files().get(picture)).floats());
          }
        }
      }
    }

    assertThat(position).isEqualTo(60);
  }

  @Test
  void training_pictures_vary_with_the_pass_and_those_to_calibrate_do_not() throws IOException {
    pictures("val", 12, "n01", "n02");
    ImageSplits data = Datasets.imageFolder(root, SMALL);
    ImageDataset training = data.training();
    ImageDataset plain = training.unaugmented();

    assertThat(training.tensor()).isEqualTo(training.tensor());
    assertThat(training.forPass(1, 1).tensor()).isEqualTo(training.forPass(1, 1).tensor());
    assertThat(training.forPass(1, 1).tensor()).isNotEqualTo(training.forPass(1, 2).tensor());
    assertThat(training.tensor()).isNotEqualTo(plain.tensor());
    assertThat(plain.forPass(1, 1).tensor()).isEqualTo(plain.tensor());
    assertThat(data.calibration(8).tensor()).isEqualTo(data.calibration(8).unaugmented().tensor());
    assertThat(training.toString()).endsWith("shuffled, augmented");
    assertThat(data.calibration(8).toString()).doesNotContain("augmented");
  }

  @Test
  void what_is_missing_is_said(@TempDir Path empty) throws IOException {
    assertThatThrownBy(() -> Datasets.imageFolder(empty, SMALL))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no folder")
        .hasMessageContaining("val");
    Files.createDirectories(empty.resolve("val"));
    assertThatThrownBy(() -> Datasets.imageFolder(empty, SMALL))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("one for each class");
    Files.createDirectories(empty.resolve("val/n01"));
    assertThatThrownBy(() -> Datasets.imageFolder(empty, SMALL))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("n01")
        .hasMessageContaining("holds no picture");
    pictures("val", 5, "n01");
    assertThatThrownBy(() -> Datasets.imageFolder(root, SMALL))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("holds 5 pictures, too few");
  }

  @Test
  void a_file_that_is_no_picture_or_cut_off_is_named() throws IOException {
    Path text = root.resolve("a.JPEG");
    Files.writeString(text, "not a picture");
    assertThatThrownBy(() -> SMALL.tensor(text))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("a.JPEG");
    for (String format : List.of("png", "jpg")) {
      Path file = picture("val", "n01", 1, format);
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length * 2 / 3));
      assertThatThrownBy(() -> SMALL.tensor(file))
          .as(format)
          .isInstanceOf(QalibreException.class)
          .hasMessageContaining("p1." + format);
    }
    assertThatThrownBy(() -> SMALL.tensor(root.resolve("nowhere.JPEG")))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no picture");
  }

  @Test
  void a_damaged_file_ends_the_pass_that_comes_to_it() throws IOException {
    pictures("val", 12, "n01");
    ImageDataset test = Datasets.imageFolder(root, SMALL).test();
    Path damaged = ((FolderPictures) test.source()).index().files().get(test.pictures()[3]);
    Files.writeString(damaged, "not a picture");

    assertThatThrownBy(test::tensor)
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining(damaged.getFileName().toString());
  }

  @Test
  void damaged_files_are_left_out_and_counted_where_that_is_asked_for() throws IOException {
    pictures("val", 12, "n01", "n02");
    ImageSplits data = Datasets.imageFolder(root, SMALL);
    List<Path> files = ((FolderPictures) data.test().source()).index().files();
    Path text = files.get(data.test().pictures()[3]);
    Files.writeString(text, "not a picture");
    Path cut = files.get(data.test().pictures()[5]);
    Files.write(cut, Arrays.copyOf(Files.readAllBytes(cut), 60));
    Path empty = files.get(data.training().pictures()[0]);
    Files.write(empty, new byte[0]);

    ImageSplits readable = data.readable();

    assertThat(readable.test().size()).isEqualTo(data.test().size() - 2);
    assertThat(readable.test().leftOut())
        .hasSize(2)
        .anyMatch(problem -> problem.contains(text.toString()))
        .anyMatch(problem -> problem.contains(cut.toString()));
    assertThat(readable.training().leftOut()).singleElement().asString().contains("p");
    assertThat(readable.validation().leftOut()).isEmpty();
    assertThat(readable.toString()).contains("2 unreadable left out", "1 unreadable left out");
    assertThat(readable.test().tensor().sizes()[0]).isEqualTo(readable.test().size());
    assertThat(readable.test().labels()).hasSize(Math.toIntExact(readable.test().size()));
    // What is derived knows of it, and nothing is lost of what can be read.
    assertThat(readable.training().first(2).forPass(1, 1).unaugmented().leftOut()).hasSize(1);
    assertThat(set(data.test())).containsAll(set(readable.test()));
    assertThat(data.test().leftOut()).isEmpty();
  }

  @Test
  void where_no_file_can_be_read_there_is_nothing_to_choose() throws IOException {
    pictures("val", 12, "n01");
    ImageDataset test = Datasets.imageFolder(root, SMALL).test();
    for (Path file : ((FolderPictures) test.source()).index().files()) {
      Files.writeString(file, "not a picture");
    }

    assertThatThrownBy(test::readable)
        .isInstanceOf(QalibreException.class)
        .hasMessageStartingWith("readable(): none of 6 pictures can be read; the first: ");
  }

  @Test
  void sizes_that_no_picture_has_are_refused_before_memory_is_taken() throws IOException {
    Path file = root.resolve("long.png");
    BufferedImage line = new BufferedImage(1, 60_000, BufferedImage.TYPE_BYTE_GRAY);
    ImageIO.write(line, "png", file.toFile());

    assertThatThrownBy(() -> Preprocessing.TORCHVISION.tensor(file))
        .isInstanceOf(QalibreException.class)
        .hasMessage(
            "a picture of 1×60000, resized, has 256×15360000 pixels, expected at most 67 million");
  }

  @Test
  void what_belongs_to_pictures_in_memory_is_refused_with_a_hint() throws IOException {
    pictures("val", 12, "n01");
    ImageSplits data = Datasets.imageFolder(root, SMALL);

    assertThatThrownBy(() -> data.as(3, 32))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("Preprocessing");
    assertThatThrownBy(() -> data.training().augmented(2, true, 1))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("varied already");
    assertThatThrownBy(() -> Preprocessing.named("torchvison"))
        .isInstanceOf(UnknownNameException.class)
        .hasMessageContaining("torchvision");
  }
}
