package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.Network;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizationSimModel;
import io.qalibre.data.Interpolation;
import io.qalibre.data.Preprocessing;
import io.qalibre.data.Samples;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

@DisabledForJreRange(min = JRE.JAVA_24, disabledReason = LocalSpark.NEWER_JAVA)
class SparkQalibre_pictures_Test {
  private static final int PICTURES = 23;
  private static final int BATCH = 4;
  private static final Preprocessing SEEN =
      Preprocessing.TORCHVISION.sizes(7, 6).interpolation(Interpolation.BICUBIC);
  private static final Network NETWORK = SmallNetwork.network();
  private static final QuantizationSimModel SIM = NETWORK.simulate(QuantConfig.int8());

  @TempDir private static Path folder;

  private final SparkQalibre spark = SparkQalibre.on(LocalSpark.session());

  /** Sizes fall while names rise: Spark lists the largest files first. */
  @BeforeAll
  static void draw() throws IOException {
    Random random = new Random(4);
    for (int i = 0; i < PICTURES; i++) {
      int type = i % 3 == 0 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB;
      BufferedImage image = new BufferedImage(60 - 2 * i, 40 - i, type);
      for (int y = 0; y < image.getHeight(); y++) {
        for (int x = 0; x < image.getWidth(); x++) {
          image.setRGB(x, y, random.nextInt());
        }
      }
      String format = i % 2 == 0 ? "png" : "jpg";
      ImageIO.write(image, format, folder.resolve("p%02d.%s".formatted(i, format)).toFile());
    }
  }

  private static Dataset<Row> files(Path from) {
    return LocalSpark.session().read().format("binaryFile").load(from.toString());
  }

  private static Dataset<Row> labelled(Path from) {
    return files(from).withColumn("label", functions.expr("length % 4"));
  }

  /** The same pictures, decoded here, without those that are broken. */
  private static Samples here(String... broken) throws IOException {
    List<Map<String, Tensor>> batches = new ArrayList<>();
    List<Path> files;
    try (var listed = Files.list(folder)) {
      files = listed.filter(f -> f.toString().matches(".*p\\d\\d\\..*")).sorted().toList();
    }
    for (int from = 0; from < files.size(); from += BATCH) {
      List<float[]> read = new ArrayList<>();
      for (Path file : files.subList(from, Math.min(files.size(), from + BATCH))) {
        if (!List.of(broken).contains(file.getFileName().toString())) {
          read.add(SEEN.tensor(file).floats());
        }
      }
      float[] all = new float[read.size() * 108];
      for (int i = 0; i < read.size(); i++) {
        System.arraycopy(read.get(i), 0, all, 108 * i, 108);
      }
      if (!read.isEmpty()) {
        batches.add(Map.of("x", Tensor.of(all, read.size(), 3, 6, 6)));
      }
    }
    return Samples.of(batches);
  }

  @Test
  void files_are_the_batches_of_one_machine_in_the_order_of_their_names() throws IOException {
    SparkSamples samples = spark.pictures(files(folder), SEEN, BATCH);

    assertThat(samples.size()).isEqualTo(PICTURES);
    assertThat(samples.partitions()).isEqualTo(6);
    assertThat(spark.calibrate(SIM, samples)).isEqualTo(SIM.calibrate(here()));
    assertThat(SIM.calibrate(samples)).isEqualTo(SIM.calibrate(here()));
  }

  /** The source is part of Spark's machine learning library; its rows are these. */
  @Test
  void so_are_rows_of_the_image_source() throws IOException {
    List<Row> rows = new ArrayList<>();
    for (Row file : files(folder).collectAsList()) {
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(file.getAs("content")));
      boolean grey = image.getType() == BufferedImage.TYPE_BYTE_GRAY;
      ByteArrayOutputStream pixels = new ByteArrayOutputStream();
      for (int y = 0; y < image.getHeight(); y++) {
        for (int x = 0; x < image.getWidth(); x++) {
          if (grey) {
            pixels.write(image.getRaster().getSample(x, y, 0));
          }
          for (int shift = 0; !grey && shift < 24; shift += 8) {
            pixels.write(image.getRGB(x, y) >> shift);
          }
        }
      }
      rows.add(
          RowFactory.create(
              RowFactory.create(
                  file.getAs("path"),
                  image.getHeight(),
                  image.getWidth(),
                  grey ? 1 : 3,
                  grey ? 0 : 16,
                  pixels.toByteArray())));
    }
    StructType image =
        StructType.fromDDL(
            "origin string, height int, width int, nChannels int, mode int, data binary");
    Dataset<Row> table =
        LocalSpark.session().createDataFrame(rows, new StructType().add("image", image));

    assertThat(spark.calibrate(SIM, spark.pictures(table, SEEN, BATCH)))
        .isEqualTo(SIM.calibrate(here()));
  }

  @Test
  void a_column_of_labels_goes_with_the_pictures() {
    SparkSamples samples = spark.pictures(labelled(folder), SEEN, BATCH);

    assertThat(spark.evaluate(NETWORK, samples)).isEqualTo(NETWORK.evaluate(samples));
    assertThat(spark.evaluate(NETWORK, samples).n()).isEqualTo(PICTURES);
    assertThatThrownBy(() -> spark.evaluate(NETWORK, spark.pictures(files(folder), SEEN, BATCH)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("labels");
  }

  @Test
  void what_cannot_be_read_is_counted_and_left_out_of_its_batch() throws IOException {
    Path cut = folder.resolve("p05.jpg");
    Path text = folder.resolve("p07.jpg");
    byte[] before = Files.readAllBytes(cut);
    byte[] other = Files.readAllBytes(text);
    try {
      Files.write(cut, java.util.Arrays.copyOf(before, before.length / 2));
      Files.writeString(text, "no picture");
      SparkSamples samples = spark.pictures(files(folder), SEEN, BATCH);

      assertThat(spark.calibrate(SIM, samples))
          .isEqualTo(SIM.calibrate(here("p05.jpg", "p07.jpg")));
      SparkPass pass = spark.passes().get(1);
      assertThat(pass.unreadable()).isEqualTo(2);
      assertThat(pass.samples()).isEqualTo(PICTURES - 2);
      assertThat(pass.examples())
          .satisfiesExactly(
              line -> assertThat(line).contains("p05.jpg").contains("is cut off"),
              line -> assertThat(line).contains("p07.jpg").contains("is no picture"));
      assertThat(pass.toString()).endsWith(", 2 unreadable");
      assertThatThrownBy(() -> spark.calibrate(SIM, samples.strict()))
          .isInstanceOf(QalibreException.class)
          .hasMessageContaining("strict: ")
          .hasMessageContaining("p05.jpg");
    } finally {
      Files.write(cut, before);
      Files.write(text, other);
    }
  }

  @Test
  void nothing_that_can_be_read_is_an_error(@TempDir Path own) throws IOException {
    Files.writeString(own.resolve("a.jpg"), "no picture");
    Files.writeString(own.resolve("b.jpg"), "nor this");
    SparkSamples samples = spark.pictures(labelled(own), SEEN, BATCH);

    assertThatThrownBy(() -> spark.evaluate(NETWORK, samples))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("evaluate: none of 2 samples can be read; the first: ")
        .hasMessageContaining("a.jpg");
    assertThatThrownBy(() -> spark.calibrate(SIM, samples))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("none of 2 samples can be read; the first: ");
  }

  @Test
  void other_rows_are_an_error_that_names_their_columns() {
    Dataset<Row> files = files(folder);

    assertThatThrownBy(() -> spark.pictures(files.select("path"), SEEN))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("found columns [path]");
    assertThatThrownBy(() -> spark.pictures(files.union(files), SEEN))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("two rows are called")
        .hasMessageContaining("p00.png");
    assertThatThrownBy(() -> spark.pictures(files.where("false"), SEEN))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("there is no row");
    assertThatThrownBy(() -> spark.pictures(files, SEEN, 0))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("found 0");
  }
}
