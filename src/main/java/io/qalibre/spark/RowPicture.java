package io.qalibre.spark;

import io.qalibre.data.Preprocessing;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A picture of a row. */
sealed interface RowPicture {
  /** Where it comes from. */
  String name();

  /** Its class; null where the row has none. */
  @Nullable Long label();

  /**
   * What a network sees of it.
   *
   * @throws io.qalibre.errors.QalibreException if it is no picture, or damaged
   */
  Tensor tensor(Preprocessing preprocessing);

  /**
   * A file's bytes.
   *
   * @param name the file
   * @param label its class, or null
   * @param content JPEG or PNG
   */
  @SuppressWarnings("ArrayRecordComponent") // Read once, and compared by nobody.
  record Encoded(String name, @Nullable Long label, byte[] content) implements RowPicture {
    @Override
    public Tensor tensor(Preprocessing preprocessing) {
      return preprocessing.tensor(content, name);
    }
  }

  /**
   * The pixels of Spark's {@code image} source.
   *
   * @param name the file
   * @param label its class, or null
   * @param height in pixels
   * @param width in pixels
   * @param pixels row by row, a byte for each channel: grey, or blue, green, red and perhaps alpha
   */
  @SuppressWarnings("ArrayRecordComponent") // Read once, and compared by nobody.
  record Pixels(String name, @Nullable Long label, int height, int width, byte[] pixels)
      implements RowPicture {
    private static final int[] RED_FIRST = {2, 1, 0};

    @Override
    public Tensor tensor(Preprocessing preprocessing) {
      int size = height * width;
      int channels = size <= 0 ? 0 : pixels.length / size;
      List<byte[]> planes = new ArrayList<>();
      for (int channel : RED_FIRST) {
        planes.add(channels == 0 ? new byte[0] : plane(channels, channels == 1 ? 0 : channel));
      }
      return preprocessing.tensor(height, width, planes);
    }

    private byte[] plane(int channels, int channel) {
      byte[] plane = new byte[height * width];
      for (int i = 0; i < plane.length; i++) {
        plane[i] = pixels[i * channels + channel];
      }
      return plane;
    }
  }
}
