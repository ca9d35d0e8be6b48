package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.onnx.AtomicFile;
import io.qalibre.graph.onnx.OnnxWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes a simulation for its target. */
public final class Exporter {
  private Exporter() {}

  /** Writes files with {@link ExportOptions#DEFAULT}; see the other method. */
  public static Export export(Simulation simulation, Path dir, String prefix) {
    return export(simulation, dir, prefix, ExportOptions.DEFAULT);
  }

  /**
   * Writes three files: {@code <prefix>.onnx}, the float network with its weights as they are now
   * and its original tensor names; {@code <prefix>.encodings}, the encodings in AIMET's JSON; and
   * {@code <prefix>_qdq.onnx}, the network with its quantizers as ONNX operators, as {@link
   * QdqGraph} makes it. The table says in which numbers the constants of the two networks are
   * stored. A network of more than 2 GiB has its weights in a file {@code .data} beside it. Each
   * file appears whole or not at all, in place of an older one of its name.
   *
   * @param simulation a graph with an encoding for each enabled quantizer
   * @param dir the folder; made where it does not exist
   * @param prefix what the files' names begin with, such as {@code mobilenet_v2}
   * @param options how, such as the version of the encodings and the QDQ file's form
   * @return the files, which show themselves as a table
   * @throws QalibreException if the prefix is no file name, the folder is a file or cannot be
   *     written, an encoding is missing or cannot be written in the version asked for, or the
   *     simulation cannot be written as QDQ of the form asked for; nothing is written then but what
   *     was complete before
   */
  public static Export export(
      Simulation simulation, Path dir, String prefix, ExportOptions options) {
    checkPrefix(prefix);
    // Everything that can be wrong with the simulation is found before a file is written.
    Graph qdq = QdqGraph.of(simulation, options.qdq());
    Graph network = FloatGraph.of(simulation.graph());
    String encodings = EncodingsWriter.write(simulation, options);
    makeFolder(dir);
    Path networkFile = dir.resolve(prefix + ".onnx");
    Path encodingsFile = dir.resolve(prefix + ".encodings");
    Path qdqFile = dir.resolve(prefix + "_qdq.onnx");
    List<Path> models = new ArrayList<>(OnnxWriter.write(network, networkFile));
    writeText(encodingsFile, encodings);
    models.addAll(OnnxWriter.write(qdq, qdqFile));
    return new Export(
        simulation,
        written(
            networkFile,
            "float network: " + StoredTypes.of(network),
            "the target's converter reads it"),
        written(
            encodingsFile,
            "encodings, version " + options.encodings().label(),
            "the converter takes scales and offsets from it instead of calibrating"),
        written(
            qdqFile,
            "network with QuantizeLinear and DequantizeLinear: " + StoredTypes.of(qdq),
            qdqUse(options.qdq())),
        models.stream()
            .filter(file -> !file.equals(networkFile) && !file.equals(qdqFile))
            .map(file -> written(file, "weights", "belongs to the network of its name"))
            .toList());
  }

  private static String qdqUse(QdqForm form) {
    return switch (form) {
      case UNSIGNED -> "ONNX Runtime and OpenVINO run it in int8 as it is";
      case SIGNED -> "signed codes around 0 for TensorRT; ONNX Runtime runs it partly in float";
    };
  }

  private static void checkPrefix(String prefix) {
    boolean separators = prefix.indexOf('/') >= 0 || prefix.indexOf('\\') >= 0;
    if (prefix.isBlank() || separators || prefix.indexOf('\0') >= 0) {
      throw new QalibreException(
          "prefix: expected the beginning of a file name, such as `mobilenet_v2`, found `"
              + prefix
              + "`"
              + (separators ? "; a folder is given as `dir`" : ""));
    }
  }

  private static void makeFolder(Path dir) {
    if (Files.exists(dir) && !Files.isDirectory(dir)) {
      throw new QalibreException("dir: expected a folder, found the file `" + dir + "`");
    }
    try {
      Files.createDirectories(dir);
    } catch (IOException e) {
      throw new QalibreException("dir: `" + dir + "` cannot be made: " + e, e);
    }
  }

  private static void writeText(Path path, String text) {
    try {
      AtomicFile.write(path, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new QalibreException("`" + path + "` cannot be written: " + e, e);
    }
  }

  private static ExportedFile written(Path path, String what, String use) {
    try {
      return new ExportedFile(path, what, use, Files.size(path));
    } catch (IOException e) {
      throw new QalibreException("`" + path + "` was written and is gone: " + e, e);
    }
  }
}
