package io.qalibre.ptq;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.TensorStreams;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A file to which every layer that AdaRound has done is added, so that work that was stopped goes
 * on behind it. A layer at the end that was not written to its end is cut off. Processes that do
 * the same work at once share the file: layers come in the order of the graph, with the same bits,
 * and the one that is first with a layer adds it.
 */
final class RoundingCheckpoint {
  private static final int MAGIC = 0x51434131; // "QCA1"
  private static final int MOST_AXES = 16;

  /** What stands before a layer: its length and its sum. */
  private static final int HEAD = Integer.BYTES + Long.BYTES;

  private final Path file;
  private final List<Done> done;

  /** How many layers this process knows of. */
  private int known;

  private RoundingCheckpoint(Path file, List<Done> done) {
    this.file = file;
    this.done = done;
    known = done.size();
  }

  /**
   * A layer that is done.
   *
   * @param layer what came of it
   * @param weight its weight from now on, or null where it stays as it was
   */
  record Done(RoundingReport.Layer layer, @Nullable Tensor weight) {}

  /**
   * Opens a file, or begins one.
   *
   * @param file the file; its folder is made
   * @throws QalibreException if it cannot be read or written, or is another kind of file
   */
  static RoundingCheckpoint open(Path file) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      List<Done> layers = new ArrayList<>();
      FileLocks.inside(
          file,
          stored -> {
            if (stored.length() == 0) {
              stored.writeInt(MAGIC);
            } else {
              layers.addAll(read(stored));
            }
          });
      return new RoundingCheckpoint(file, layers);
    } catch (IOException e) {
      throw new QalibreException(
          "checkpoint " + file + " cannot be used (" + e + "); delete it to begin anew", e);
    }
  }

  /** The layers that were done before, in order. */
  List<Done> done() {
    return List.copyOf(done);
  }

  /** Adds a layer, unless another process has. */
  void add(Done layer) {
    try {
      byte[] content = bytes(out -> write(out, layer));
      byte[] framed =
          bytes(
              out -> {
                out.writeInt(content.length);
                out.writeLong(sum(content));
                out.write(content);
              });
      FileLocks.inside(file, stored -> add(stored, framed));
      known++;
    } catch (IOException e) {
      throw new QalibreException("checkpoint " + file + " cannot be written: " + e, e);
    }
  }

  /** Goes behind the layers that are whole: another process may have been stopped in one. */
  private void add(RandomAccessFile stored, byte[] framed) throws IOException {
    long size = stored.length();
    long end = Integer.BYTES;
    int layers = 0;
    while (end + HEAD <= size) {
      stored.seek(end);
      long next = end + HEAD + stored.readInt();
      if (next < end + HEAD || next > size) {
        break;
      }
      end = next;
      layers++;
    }
    if (layers <= known) {
      stored.setLength(end);
      stored.seek(end);
      stored.write(framed);
      stored.getFD().sync();
    }
  }

  /** The layers that are whole; what stands behind them is cut off. */
  private static List<Done> read(RandomAccessFile stored) throws IOException {
    List<Done> layers = new ArrayList<>();
    long sound = Integer.BYTES;
    DataInputStream in =
        new DataInputStream(new BufferedInputStream(new FileInputStream(stored.getFD())));
    if (in.readInt() != MAGIC) {
      throw new IOException("no checkpoint of AdaRound");
    }
    while (in.available() >= HEAD) {
      int length = TensorStreams.count(in, Integer.MAX_VALUE);
      long expected = in.readLong();
      byte[] content = in.readNBytes(length);
      if (content.length < length || sum(content) != expected) {
        break;
      }
      layers.add(layer(new DataInputStream(new ByteArrayInputStream(content))));
      sound += HEAD + length;
    }
    stored.setLength(sound);
    return layers;
  }

  private static void write(DataOutputStream out, Done done) throws IOException {
    RoundingReport.Layer layer = done.layer();
    out.writeUTF(layer.node());
    out.writeUTF(layer.weight());
    out.writeDouble(layer.gain().before());
    out.writeDouble(layer.gain().after());
    out.writeDouble(layer.gain().changed());
    out.writeDouble(layer.gain().seconds());
    out.writeUTF(layer.note());
    out.writeInt(layer.shape().rank());
    for (long size : layer.shape().sizes()) {
      out.writeLong(size);
    }
    Tensor chosen = done.weight();
    out.writeBoolean(chosen != null);
    if (chosen != null) {
      TensorStreams.write(out, chosen);
    }
  }

  private static Done layer(DataInputStream in) throws IOException {
    String node = in.readUTF();
    String weight = in.readUTF();
    RoundingReport.Gain gain =
        new RoundingReport.Gain(in.readDouble(), in.readDouble(), in.readDouble(), in.readDouble());
    String note = in.readUTF();
    long[] sizes = new long[TensorStreams.count(in, MOST_AXES)];
    for (int axis = 0; axis < sizes.length; axis++) {
      sizes[axis] = in.readLong();
    }
    Tensor chosen = in.readBoolean() ? TensorStreams.read(in) : null;
    return new Done(
        new RoundingReport.Layer(node, weight, TensorShape.of(sizes), gain, note), chosen);
  }

  private static long sum(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }

  /** Writes something into bytes. */
  @FunctionalInterface
  private interface Content {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private static byte[] bytes(Content content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      content.writeTo(out);
    }
    return bytes.toByteArray();
  }
}
