package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.errors.NearNames;
import io.qalibre.errors.OutOfMemoryException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads the bytes of tensors that lie in a file of their own beside the model. */
final class ExternalData {
  private final OnnxFile file;

  ExternalData(OnnxFile file) {
    this.file = file;
  }

  /**
   * The bytes of a tensor.
   *
   * @param what the tensor, for errors
   * @param proto a tensor with external data
   * @param expected the bytes its type and dimensions take
   */
  ByteBuffer read(String what, TensorProto proto, long expected) {
    Map<String, String> entries = new HashMap<>();
    for (StringStringEntryProto entry : proto.getExternalDataList()) {
      entries.put(entry.getKey(), entry.getValue());
    }
    Path data = locate(what, entries.getOrDefault("location", ""));
    long offset = number(what, "offset", entries.getOrDefault("offset", "0"));
    @Nullable String given = entries.get("length");
    long length = given == null ? expected : number(what, "length", given);
    if (length != expected) {
      throw file.error(what, expected + " bytes of external data", length + " bytes");
    }
    // Not by a channel: an interrupt would close it.
    try (RandomAccessFile stored = new RandomAccessFile(data.toFile(), "r")) {
      if (offset > stored.length() - length) {
        throw file.error(
            what,
            length + " bytes at offset " + offset + " of `" + data.getFileName() + "`",
            "a file of " + stored.length() + " bytes");
      }
      if (length > TensorDecoder.MOST_BYTES) {
        throw file.error(what, "at most 2 GiB in one tensor", length + " bytes");
      }
      stored.seek(offset);
      return read(what, stored, (int) length);
    } catch (IOException e) {
      throw file.error(what, "external data that can be read", e.toString());
    }
  }

  private static ByteBuffer read(String what, RandomAccessFile stored, int length)
      throws IOException {
    byte[] bytes = OutOfMemoryException.guard(what, length, () -> new byte[length]);
    stored.readFully(bytes);
    return ByteBuffer.wrap(bytes);
  }

  /** The data file, which must lie under the model's folder, links resolved. */
  private Path locate(String what, String location) {
    Path folder = file.folder();
    if (folder == null) {
      throw file.error(
          what, "the data in the model", "external data `" + location + "`; read it from a file");
    }
    if (location.isEmpty()) {
      throw file.error(what, "a location of the external data", "none");
    }
    try {
      Path path = folder.resolve(location).normalize();
      if (!path.startsWith(folder)) {
        throw outside(what, location);
      }
      if (!Files.isRegularFile(path)) {
        throw file.error(what, "external data `" + location + "`", "no such file" + near(path));
      }
      if (!path.toRealPath().startsWith(folder.toRealPath())) {
        throw outside(what, location);
      }
      return path;
    } catch (InvalidPathException | IOException e) {
      throw file.error(what, "a relative path of the external data", "`" + location + "`");
    }
  }

  private OnnxFormatException outside(String what, String location) {
    return file.error(
        what, "external data in the model's folder", "`" + location + "`, which lies outside");
  }

  private static String near(Path path) {
    Path folder = path.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return "";
    }
    try (Stream<Path> entries = Files.list(folder)) {
      List<String> names = entries.map(p -> String.valueOf(p.getFileName())).toList();
      return NearNames.hint(String.valueOf(path.getFileName()), names);
    } catch (IOException e) {
      return "";
    }
  }

  private long number(String what, String key, String text) {
    try {
      long value = Long.parseLong(text.strip());
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // reported below, together with negative numbers
    }
    throw file.error(what, "a count of bytes as external " + key, "`" + text + "`");
  }
}
