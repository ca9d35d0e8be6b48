package io.qalibre.spark;

import org.apache.spark.sql.SparkSession;

/** One session of Spark in this process, for all tests: two threads, without a page to look at. */
final class LocalSpark {
  /** Hadoop's client, which Spark starts, uses what Java 24 took away. */
  static final String NEWER_JAVA = "Spark 4.0 runs on Java 17 to 23";

  /** How many bytes the driver takes from the tasks of a job: little, so that tests notice. */
  static final int MOST_RESULTS = 2 << 20;

  private static final SparkSession SESSION = start();

  private LocalSpark() {}

  static SparkSession session() {
    return SESSION;
  }

  private static SparkSession start() {
    System.setProperty("org.slf4j.simpleLogger.log.org.apache.spark", "off");
    System.setProperty("org.slf4j.simpleLogger.log.org.apache.hadoop", "error");
    return SparkSession.builder()
        .master("local[2]")
        .appName("tests")
        .config("spark.ui.enabled", false)
        .config("spark.driver.host", "localhost")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.maxResultSize", MOST_RESULTS)
        .config("spark.sql.shuffle.partitions", 2)
        .config("spark.sql.warehouse.dir", "target/spark-warehouse")
        .getOrCreate();
  }
}
