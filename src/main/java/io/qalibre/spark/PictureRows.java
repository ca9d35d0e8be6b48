package io.qalibre.spark;

import static org.apache.spark.sql.functions.col;

import io.qalibre.data.Preprocessing;
import io.qalibre.errors.QalibreException;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.PairFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * Batches of the pictures of a table's rows, in the order of their files' names: the order in which
 * Spark lists files depends on their sizes and on the number of cores.
 *
 * <p>The names come to the driver, which cuts them into batches and these into partitions. The
 * pictures move once, to the partition that their batch is in, and are sorted there.
 */
final class PictureRows {
  private static final String CONTENT = "content";
  private static final String PATH = "path";
  private static final String IMAGE = "image";
  private static final String LABEL = "label";

  private final Dataset<Row> rows;
  private final Preprocessing preprocessing;
  private final int batchSize;

  /**
   * Pictures.
   *
   * @param rows of Spark's sources {@code binaryFile} or {@code image}, perhaps with a column
   *     {@code label} of integers
   * @param preprocessing what a network sees of them
   * @param batchSize the number of pictures in a batch
   */
  PictureRows(Dataset<Row> rows, Preprocessing preprocessing, int batchSize) {
    this.rows = rows;
    this.preprocessing = preprocessing;
    this.batchSize = batchSize;
  }

  /**
   * Cuts the pictures into batches.
   *
   * @throws QalibreException if there is no row, columns are missing, or two rows have one name
   */
  SparkSamples samples(JavaSparkContext spark) {
    List<String> columns = List.of(rows.columns());
    boolean labelled = columns.contains(LABEL);
    Column name = nameColumn(columns);
    String[] names = rows.select(name).as(Encoders.STRING()).collectAsList().toArray(String[]::new);
    Arrays.sort(names);
    check(names);
    int batches = (names.length + batchSize - 1) / batchSize;
    KeyRanges ranges = ranges(names, SparkSamples.partitions(spark.defaultParallelism(), batches));
    Column label =
        labelled ? col(LABEL).cast("long") : org.apache.spark.sql.functions.lit(null).cast("long");
    boolean encoded = columns.contains(CONTENT);
    Dataset<Row> picked =
        encoded
            ? rows.select(name, label, col(CONTENT))
            : rows.select(name, label, col("image.height"), col("image.width"), col("image.data"));
    PairFunction<Row, String, byte[]> pack = encoded ? PictureRows::encoded : PictureRows::pixels;
    JavaRDD<SampleBatch> cut =
        picked
            .toJavaRDD()
            .mapToPair(pack)
            .repartitionAndSortWithinPartitions(ranges)
            .mapPartitions(new BatchCut(ValueWriter.write(preprocessing), batchSize));
    return new SparkSamples(cut, new SparkSamples.Facts(names.length, batchSize, labelled), false);
  }

  private static Column nameColumn(List<String> columns) {
    if (columns.contains(CONTENT) && columns.contains(PATH)) {
      return col(PATH);
    }
    if (columns.contains(IMAGE)) {
      return col("image.origin");
    }
    throw new QalibreException(
        ("expected rows of Spark's source `binaryFile` (columns `path` and `content`) or `image`"
                + " (column `image`), found columns %s")
            .formatted(columns));
  }

  private static void check(String[] names) {
    if (names.length == 0) {
      throw new QalibreException("there is no row; expected at least one picture");
    }
    for (int i = 1; i < names.length; i++) {
      if (names[i].equals(names[i - 1])) {
        throw new QalibreException(
            "two rows are called `%s`; the order of pictures is that of their names, which have to"
                    .formatted(names[i])
                + " differ");
      }
    }
  }

  private KeyRanges ranges(String[] names, int partitions) {
    long batches = (names.length + batchSize - 1) / batchSize;
    String[] first = new String[partitions];
    for (int i = 0; i < partitions; i++) {
      first[i] = names[(int) (i * batches / partitions) * batchSize];
    }
    return new KeyRanges(first);
  }

  private static Tuple2<String, byte[]> encoded(Row row) {
    return packed(new RowPicture.Encoded(row.getString(0), label(row), row.getAs(2)));
  }

  private static Tuple2<String, byte[]> pixels(Row row) {
    return packed(
        new RowPicture.Pixels(
            row.getString(0), label(row), row.getInt(2), row.getInt(3), row.getAs(4)));
  }

  private static Tuple2<String, byte[]> packed(RowPicture picture) {
    return new Tuple2<>(picture.name(), ValueWriter.write(picture));
  }

  private static @org.jspecify.annotations.Nullable Long label(Row row) {
    return row.isNullAt(1) ? null : Long.valueOf(row.getLong(1));
  }
}
