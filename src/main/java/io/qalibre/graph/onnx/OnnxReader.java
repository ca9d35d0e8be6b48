package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import io.qalibre.errors.NearNames;
import io.qalibre.graph.Graph;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Reads ONNX models.
 *
 * <p>Tensors keep their names. {@code Constant} nodes become initializers named like their outputs.
 * Initializers and constants stored as FLOAT16, BFLOAT16 or DOUBLE become FLOAT, inputs and outputs
 * declared so likewise, and a {@code Cast} to FLOAT of such an initializer is folded: the
 * initializer then has the name of the Cast's output. Nodes without a name get one from their type
 * and a count ({@code Conv_0}); nodes out of order are sorted. Calls of the model's own functions
 * are replaced by the nodes inside, whose tensors are named {@code <call>/<name in the function>};
 * so are {@code If} nodes whose condition is constant, by the branch taken. Other control flow is
 * an error. Nothing else is changed: unused initializers and {@code Identity} nodes stay. Whether
 * an operator is supported is not checked here. What else the file says becomes the graph's {@link
 * Graph#annotations()}; only training information is not kept.
 */
public final class OnnxReader {
  /** A branch in a branch is four parts deeper. */
  private static final int MOST_DEPTH = 100;

  private static final int MOST_BYTES = Integer.MAX_VALUE - 8;

  private OnnxReader() {}

  /**
   * Reads a file, and its external data from the same folder.
   *
   * @param path an ONNX file of at most 2 GiB, external data not counted
   * @return its graph, named as in the file, or like the file where the graph has no name
   * @throws OnnxFormatException if there is no such file, or it is not a model that can be read
   */
  public static Graph read(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    OnnxFile file = new OnnxFile(path.toString(), absolute.getParent());
    if (Files.isDirectory(absolute)) {
      throw file.error("", "an ONNX file", "a folder" + hint(absolute, "", "it holds"));
    }
    if (!Files.exists(absolute)) {
      throw file.error("", "an ONNX file", missing(absolute));
    }
    try {
      long size = Files.size(absolute);
      if (size > MOST_BYTES) {
        throw file.error(
            "", "at most 2 GiB in one file, the rest as external data", size + " bytes");
      }
      return read(file, WholeFile.read(absolute, MOST_BYTES));
    } catch (IOException e) {
      throw file.error("", "a file that can be read", e.toString());
    }
  }

  /**
   * Reads a model from a stream to its end, without closing it. The model has no external data.
   *
   * @param name the name that errors give the model
   * @param stream the bytes of an ONNX file
   * @return its graph
   * @throws OnnxFormatException if it is not a model that can be read
   */
  public static Graph read(String name, InputStream stream) {
    OnnxFile file = new OnnxFile(name, null);
    try {
      return read(file, stream.readAllBytes());
    } catch (IOException e) {
      throw file.error("", "a stream that can be read", e.toString());
    }
  }

  /**
   * Reads a model from memory. The model has no external data.
   *
   * @param name the name that errors give the model
   * @param bytes the bytes of an ONNX file
   * @return its graph
   * @throws OnnxFormatException if it is not a model that can be read
   */
  public static Graph read(String name, byte[] bytes) {
    return read(new OnnxFile(name, null), bytes);
  }

  private static Graph read(OnnxFile file, byte[] bytes) {
    if (bytes.length == 0) {
      throw file.error("", "an ONNX model", "an empty file");
    }
    return new ModelDecoder(file, parse(file, bytes)).decode();
  }

  private static ModelProto parse(OnnxFile file, byte[] bytes) {
    ModelProto model;
    try {
      // With aliasing the weights stay slices of the bytes: no second copy of a large model.
      CodedInputStream input = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
      input.enableAliasing(true);
      input.setRecursionLimit(MOST_DEPTH);
      model = ModelProto.parseFrom(input);
      input.checkLastTagWas(0);
    } catch (IOException e) {
      // The cause stays out: protobuf's stack trace tells a user nothing.
      throw file.error(
          "",
          "an ONNX model",
          String.valueOf(e.getMessage()).contains("too many levels of nesting")
              ? "one whose parts are nested more than " + MOST_DEPTH + " deep"
              : FileKind.describe(bytes));
    }
    if (!model.hasIrVersion() || !model.hasGraph()) {
      throw file.error("", "an ONNX model with a version and a graph", FileKind.describe(bytes));
    }
    return model;
  }

  private static String missing(Path path) {
    Path folder = path.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return "nothing: there is no folder `" + folder + "`";
    }
    Path name = path.getFileName();
    return "nothing there" + hint(folder, name == null ? "" : name.toString(), "the folder holds");
  }

  /** The names in a folder near a name, or without a name the models in it. */
  private static String hint(Path folder, String name, String holds) {
    try (Stream<Path> entries = Files.list(folder)) {
      List<String> names = entries.map(p -> String.valueOf(p.getFileName())).sorted().toList();
      if (!name.isEmpty()) {
        return NearNames.hint(name, names);
      }
      List<String> models = names.stream().filter(n -> n.endsWith(".onnx")).limit(5).toList();
      return models.isEmpty() ? "" : "; " + holds + " `" + String.join("`, `", models) + "`";
    } catch (IOException e) {
      return "";
    }
  }
}
