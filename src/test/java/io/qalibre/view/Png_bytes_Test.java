package io.qalibre.view;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.knowm.xchart.internal.chartpart.IChart;

class Png_bytes_Test {
  private static final double[] EDGE = {-1, 2};

  static Stream<IChart> charts() {
    IChart lines = Charts.lines("Loss", "epoch", "loss", List.of(Line.of("train", 2, 1, 0.5)));
    List<Marker> markers = List.of(new Marker("max", 1.5), new Marker("max", 1.5));
    return Stream.of(
        lines,
        Charts.lines("one", "", "", List.of(Line.of("train", 2))),
        Charts.lines("many", "", "", List.of(Line.of("train", new double[500]))),
        Charts.histogram("", "value", EDGE, new long[] {5, 0}, markers),
        Charts.logHistogram("", "value", EDGE, new long[] {0, 0}, markers),
        Charts.bars("", "", List.of("a", "b"), EDGE),
        Charts.bars("", "", List.of("a", "b"), new double[2]),
        Charts.ranges("", "", "", List.of(new RangeSeries("w", EDGE, EDGE))),
        Charts.row("row", List.of(lines, lines, lines)),
        Charts.grid("", 2, List.of(lines, lines, lines)));
  }

  @ParameterizedTest
  @MethodSource("charts")
  void draws_something_at_twice_the_logical_size(IChart chart) throws IOException {
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(Png.bytes(chart, Png.SHARP)));

    assertThat(image.getWidth()).isEqualTo(2 * chart.getWidth());
    assertThat(image.getHeight()).isEqualTo(2 * chart.getHeight());
    assertThat(inked(image)).isGreaterThan(500);
  }

  @ParameterizedTest
  @MethodSource("emptyCharts")
  void draws_an_empty_chart(IChart chart) throws IOException {
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(Png.bytes(chart, 1)));

    assertThat(image.getWidth()).isEqualTo(chart.getWidth());
  }

  static Stream<IChart> emptyCharts() {
    return Stream.of(
        Charts.lines("", "", "", List.of()),
        Charts.lines("", "", "", List.of(Line.of("train", Double.NaN))),
        Charts.ranges("", "", "", List.of()));
  }

  private static long inked(BufferedImage image) {
    int[] pixels =
        image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    return java.util.Arrays.stream(pixels).filter(p -> (p & 0xFFFFFF) != 0xFFFFFF).count();
  }
}
