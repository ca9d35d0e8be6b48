package io.qalibre;

import io.qalibre.engine.Accuracy;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.view.Numbers;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tech.tablesaw.api.Table;

/**
 * What quantization costs networks and what training regains, in the form in which it is published:
 * a row a network, with top-1 in float32, after post-training quantization (PTQ) and after
 * quantization-aware training (QAT).
 *
 * @param data the name of the data that rows to come are measured on
 * @param seed the seed of their trainings
 * @param rows the rows, in order
 */
public record Recovery(String data, long seed, List<Row> rows) implements Viewable {
  private static final int IMAGENET = 50_000;

  /** Top-1 on ImageNet as published for AIMET with weights and activations of 8 bits. */
  private static final Map<String, double[]> PUBLISHED =
      Map.of(
          "MobileNetV2", new double[] {71.72, 71.08, 71.23},
          "ResNet50", new double[] {76.05, 75.45, 76.44});

  /** Copies the rows. */
  public Recovery {
    rows = List.copyOf(rows);
  }

  /**
   * A row.
   *
   * @param network the network and its bits, such as {@code MobileNetV2 W8A8}
   * @param source what it was measured on, and by whom if not here
   * @param fp32 top-1 of the float network, in percent
   * @param ptq after PTQ
   * @param qat after QAT
   */
  public record Row(String network, Source source, double fp32, Result ptq, Result qat) {}

  /**
   * What a row was measured on.
   *
   * @param data the data, and who measured if it was not measured here
   * @param n the number of samples
   * @param seed the seed of the training; empty where it is not known
   */
  public record Source(String data, int n, String seed) {}

  /**
   * A quantized network's top-1.
   *
   * @param top1 in percent
   * @param standardError that of the difference from the float network on the same samples, in
   *     points; NaN where it is not known
   */
  public record Result(double top1, double standardError) {
    static Result of(Accuracy quantized, Accuracy reference) {
      return new Result(quantized.top1(), quantized.pairedStandardError(reference));
    }
  }

  /**
   * Begins a table.
   *
   * @param data the name of the data that rows are measured on
   * @param seed the seed of the trainings
   */
  public static Recovery on(String data, long seed) {
    return new Recovery(data, seed, List.of());
  }

  /**
   * The same with a row more.
   *
   * @param network the network and its bits
   * @param measured a comparison whose reference is the float network
   * @param ptq the name in it of the network after PTQ
   * @param qat the name in it of the network after QAT
   * @throws UnknownNameException if the comparison has no such network
   */
  public Recovery with(String network, Comparison measured, String ptq, String qat) {
    Accuracy reference = measured.rows().get(0).accuracy();
    return with(
        new Row(
            network,
            new Source(data, reference.n(), String.valueOf(seed)),
            reference.top1(),
            Result.of(measured.accuracy(ptq), reference),
            Result.of(measured.accuracy(qat), reference)));
  }

  /**
   * The same with what was published for AIMET on ImageNet, W8A8.
   *
   * @param network {@code MobileNetV2} or {@code ResNet50}
   * @throws UnknownNameException if it is another one
   */
  public Recovery published(String network) {
    double[] found = PUBLISHED.get(network);
    if (found == null) {
      throw new UnknownNameException("network", network, "what is published", PUBLISHED.keySet());
    }
    return with(
        new Row(
            network + " W8A8",
            new Source("ImageNet, published for AIMET", IMAGENET, ""),
            found[0],
            new Result(found[1], Double.NaN),
            new Result(found[2], Double.NaN)));
  }

  private Recovery with(Row row) {
    List<Row> more = new ArrayList<>(rows);
    more.add(row);
    return new Recovery(data, seed, more);
  }

  /**
   * A row a network: top-1 in percent of the three, the differences from float32 with their
   * standard errors, the number of samples and the seed.
   */
  @Override
  public Table table() {
    return Tables.of("Top-1 in percent", rows)
        .text("network", Row::network)
        .text("data", row -> row.source.data)
        .number("FP32", row -> Numbers.hundredths(row.fp32))
        .number("PTQ", row -> Numbers.hundredths(row.ptq.top1))
        .number("QAT", row -> Numbers.hundredths(row.qat.top1))
        .number("PTQ − FP32", row -> Numbers.hundredths(row.ptq.top1 - row.fp32))
        .number("± of PTQ", row -> Numbers.hundredths(row.ptq.standardError))
        .number("QAT − FP32", row -> Numbers.hundredths(row.qat.top1 - row.fp32))
        .number("± of QAT", row -> Numbers.hundredths(row.qat.standardError))
        .integer("n", row -> row.source.n)
        .text("seed", row -> row.source.seed)
        .build();
  }

  @Override
  public String toString() {
    return table().print();
  }
}
