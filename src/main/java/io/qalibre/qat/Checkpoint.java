package io.qalibre.qat;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.AtomicFile;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The state of a training at the end of an epoch.
 *
 * @param kind what the training is: a checkpoint of another kind is not resumed from
 * @param history what has happened
 * @param parameters weights and ranges by name, as they are
 * @param best weights and ranges by name at the best epoch
 * @param optimizer the optimizer's state by name
 */
record Checkpoint(
    String kind,
    History history,
    Map<String, Tensor> parameters,
    Map<String, Tensor> best,
    Map<String, Tensor> optimizer) {
  private static final int MAGIC = 0x51434b32; // "QCK2"
  private static final int MOST = 100_000;

  /** Writes the file; it appears whole or not at all. */
  void write(Path file) {
    try {
      AtomicFile.write(
          file,
          stream -> {
            DataOutputStream out = new DataOutputStream(stream);
            out.writeInt(MAGIC);
            out.writeUTF(kind);
            writeHistory(out);
            for (Map<String, Tensor> tensors : List.of(parameters, best, optimizer)) {
              writeTensors(out, tensors);
            }
            out.flush();
          });
    } catch (IOException e) {
      throw new QalibreException("checkpoint " + file + " cannot be written: " + e.getMessage(), e);
    }
  }

  /**
   * Reads a file.
   *
   * @throws QalibreException if it is no checkpoint, is cut off, or is of another kind of training
   */
  static Checkpoint read(Path file, String kind) {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      if (in.readInt() != MAGIC) {
        throw new QalibreException(
            "checkpoint "
                + file
                + ": this is no checkpoint of this version of Qalibre; delete it to begin anew");
      }
      String found = in.readUTF();
      if (!found.equals(kind)) {
        throw new QalibreException(
            "checkpoint "
                + file
                + " belongs to another training; expected "
                + kind
                + ", found "
                + found
                + "; delete it or name another file");
      }
      History history = readHistory(in);
      return new Checkpoint(kind, history, readTensors(in), readTensors(in), readTensors(in));
    } catch (IOException e) {
      throw new QalibreException(
          "checkpoint " + file + " is damaged (" + e + "); delete it to begin anew", e);
    }
  }

  private void writeHistory(DataOutputStream out) throws IOException {
    out.writeInt(history.epochs().size());
    for (History.Epoch epoch : history.epochs()) {
      out.writeInt(epoch.number());
      out.writeInt(epoch.steps());
      for (double value :
          new double[] {epoch.loss(), epoch.top1(), epoch.learningRate(), epoch.seconds()}) {
        out.writeDouble(value);
      }
    }
    out.writeInt(history.losses().size());
    for (double loss : history.losses()) {
      out.writeDouble(loss);
    }
    out.writeInt(history.kept());
  }

  private static History readHistory(DataInputStream in) throws IOException {
    List<History.Epoch> epochs = new ArrayList<>();
    int count = count(in, MOST);
    for (int i = 0; i < count; i++) {
      epochs.add(
          new History.Epoch(
              in.readInt(),
              in.readInt(),
              in.readDouble(),
              in.readDouble(),
              in.readDouble(),
              in.readDouble()));
    }
    List<Double> losses = new ArrayList<>();
    int steps = count(in, Integer.MAX_VALUE);
    for (int i = 0; i < steps; i++) {
      losses.add(in.readDouble());
    }
    return new History(epochs, losses, in.readInt(), false);
  }

  private static void writeTensors(DataOutputStream out, Map<String, Tensor> tensors)
      throws IOException {
    out.writeInt(tensors.size());
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      Tensor tensor = entry.getValue();
      out.writeUTF(entry.getKey());
      out.writeUTF(tensor.type().name());
      out.writeInt(tensor.rank());
      for (long size : tensor.sizes()) {
        out.writeLong(size);
      }
      byte[] bytes = new byte[tensor.bytes().remaining()];
      tensor.bytes().get(bytes);
      out.writeInt(bytes.length);
      out.write(bytes);
    }
  }

  private static Map<String, Tensor> readTensors(DataInputStream in) throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    int count = count(in, MOST);
    for (int i = 0; i < count; i++) {
      String name = in.readUTF();
      DataType type = type(in.readUTF());
      long[] sizes = new long[count(in, 16)];
      for (int axis = 0; axis < sizes.length; axis++) {
        sizes[axis] = in.readLong();
      }
      int length = count(in, Integer.MAX_VALUE);
      byte[] bytes = in.readNBytes(length);
      if (bytes.length < length) {
        throw new EOFException("ends within `" + name + "`");
      }
      tensors.put(name, Tensor.of(type, ByteBuffer.wrap(bytes), sizes));
    }
    return tensors;
  }

  private static DataType type(String name) throws IOException {
    try {
      return DataType.valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new IOException("claims elements of type " + name, e);
    }
  }

  /** A number of things that follow; a file that claims nonsense is damaged. */
  private static int count(DataInputStream in, int most) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > most) {
      throw new IOException("claims " + count + " entries");
    }
    return count;
  }
}
