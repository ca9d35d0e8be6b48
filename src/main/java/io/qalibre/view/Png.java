package io.qalibre.view;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.knowm.xchart.internal.chartpart.IChart;

/** Draws charts as PNG pictures, with more pixels than logical ones so that they stay sharp. */
public final class Png {
  /** Twice as many pixels as logical ones in each direction: sharp on today's screens. */
  public static final int SHARP = 2;

  private Png() {}

  /**
   * Draws a chart.
   *
   * @param chart a chart, whose width and height are the logical pixels
   * @param scale pixels per logical pixel in each direction, 1 or more
   * @return a PNG file of {@code scale * width} by {@code scale * height} pixels
   */
  public static byte[] bytes(IChart chart, int scale) {
    int width = chart.getWidth();
    int height = chart.getHeight();
    BufferedImage image =
        new BufferedImage(scale * width, scale * height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    graphics.scale(scale, scale);
    chart.paint(graphics, width, height);
    graphics.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // Into memory: a plain stream would be filled by way of a file in the system's temporary
    // folder.
    try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      ImageIO.write(image, "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
