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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A file to which every layer that AdaRound has done is added, so that work that was stopped goes
 * on behind it. A layer at the end that was not written to its end is cut off.
 */
final class RoundingCheckpoint {
  private static final int MAGIC = 0x51434131; // "QCA1"
  private static final int MOST_AXES = 16;

  private final Path file;
  private final List<Done> done;

  private RoundingCheckpoint(Path file, List<Done> done) {
    this.file = file;
    this.done = done;
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
      if (!Files.exists(file)) {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
          Files.createDirectories(folder);
        }
        Files.write(file, bytes(out -> out.writeInt(MAGIC)));
        return new RoundingCheckpoint(file, List.of());
      }
      return new RoundingCheckpoint(file, read(file));
    } catch (IOException e) {
      throw new QalibreException(
          "checkpoint " + file + " cannot be used (" + e + "); delete it to begin anew", e);
    }
  }

  /** The layers that were done before, in order. */
  List<Done> done() {
    return List.copyOf(done);
  }

  /** Adds a layer. */
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
      Files.write(file, framed, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new QalibreException("checkpoint " + file + " cannot be written: " + e, e);
    }
  }

  private static List<Done> read(Path file) throws IOException {
    List<Done> layers = new ArrayList<>();
    long sound = Integer.BYTES;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      if (in.readInt() != MAGIC) {
        throw new IOException("no checkpoint of AdaRound");
      }
      while (in.available() >= Integer.BYTES + Long.BYTES) {
        int length = TensorStreams.count(in, Integer.MAX_VALUE);
        long expected = in.readLong();
        byte[] content = in.readNBytes(length);
        if (content.length < length || sum(content) != expected) {
          break;
        }
        layers.add(layer(new DataInputStream(new ByteArrayInputStream(content))));
        sound += Integer.BYTES + Long.BYTES + length;
      }
    }
    try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
      channel.truncate(sound);
    }
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
