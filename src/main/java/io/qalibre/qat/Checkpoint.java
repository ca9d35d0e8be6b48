package io.qalibre.qat;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorStreams;
import io.qalibre.graph.onnx.AtomicFile;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The state of a training at the end of an epoch.
 *
 * @param kind what the training is: a checkpoint of another kind is not resumed from
 * @param history what has happened
 * @param parameters weights and ranges by name, as they are; empty once the training is over
 * @param best weights and ranges by name at the best epoch
 * @param optimizer the optimizer's state by name; empty once the training is over
 */
record Checkpoint(
    String kind,
    History history,
    Map<String, Tensor> parameters,
    Map<String, Tensor> best,
    Map<String, Tensor> optimizer) {
  private static final int MAGIC = 0x51434b32; // "QCK2"
  private static final int MOST = 100_000;

  /**
   * Finds out before an epoch is spent whether the file can be written at its end.
   *
   * @throws QalibreException if it cannot
   */
  static void requireWritable(Path file) {
    try {
      AtomicFile.requireWritable(file);
    } catch (IOException e) {
      throw cannotWrite(file, e);
    }
  }

  private static QalibreException cannotWrite(Path file, IOException e) {
    return new QalibreException("checkpoint " + file + " cannot be written: " + e, e);
  }

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
              TensorStreams.write(out, tensors);
            }
            out.flush();
          });
    } catch (IOException e) {
      throw cannotWrite(file, e);
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
      return new Checkpoint(
          kind,
          history,
          TensorStreams.readAll(in),
          TensorStreams.readAll(in),
          TensorStreams.readAll(in));
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
    int count = TensorStreams.count(in, MOST);
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
    int steps = TensorStreams.count(in, Integer.MAX_VALUE);
    for (int i = 0; i < steps; i++) {
      losses.add(in.readDouble());
    }
    return new History(epochs, losses, in.readInt(), false);
  }
}
