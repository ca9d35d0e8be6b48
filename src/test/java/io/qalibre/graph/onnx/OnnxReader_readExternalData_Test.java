package io.qalibre.graph.onnx;

import static io.qalibre.graph.onnx.Models.model;
import static io.qalibre.graph.onnx.Models.node;
import static io.qalibre.graph.onnx.Models.raw;
import static io.qalibre.graph.onnx.Models.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import io.qalibre.graph.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxReader_readExternalData_Test {
  private final Path root;
  private final Path folder;

  OnnxReader_readExternalData_Test(@TempDir Path root) throws IOException {
    this.root = root;
    folder = Files.createDirectories(root.resolve("model"));
    Files.write(folder.resolve("w.data"), raw(1, 2, 3).toByteArray());
    Files.write(root.resolve("secret"), raw(4, 5).toByteArray());
  }

  /** A model whose weight of two floats lies where the keys and values say. */
  private Path stored(String... entries) throws IOException {
    TensorProto.Builder weight =
        tensor("w", Models.FLOAT, 2).setDataLocation(TensorProto.DataLocation.EXTERNAL);
    for (int i = 0; i < entries.length; i += 2) {
      weight.addExternalData(
          StringStringEntryProto.newBuilder().setKey(entries[i]).setValue(entries[i + 1]));
    }
    Path path = folder.resolve("m.onnx");
    Files.write(path, bytes(weight));
    return path;
  }

  private static byte[] bytes(TensorProto.Builder weight) {
    return model(g -> g.addInitializer(weight).addNode(node("Add", List.of("x", "w"), "y")))
        .build()
        .toByteArray();
  }

  @Test
  void readsFromTheModelsFolder() throws IOException {
    assertThat(OnnxReader.read(stored("location", "w.data")).initializer("w"))
        .isEqualTo(Tensor.of(new float[] {1, 2}, 2));
    Path offset = stored("location", "w.data", "offset", "4", "length", "8");
    assertThat(OnnxReader.read(offset).initializer("w"))
        .isEqualTo(Tensor.of(new float[] {2, 3}, 2));
  }

  @Test
  void refusesBadPlaces() throws IOException {
    refuses(stored("location", "v.data"), "found no such file; did you mean `w.data`?");
    refuses(stored("location", "../secret"), "`../secret`, which lies outside");
    refuses(stored("location", root.resolve("secret").toString()), "which lies outside");
    refuses(stored("location", "w\0"), "a relative path");
    refuses(stored(), "expected a location of the external data, found none");
    Files.createSymbolicLink(folder.resolve("link"), root.resolve("secret"));
    refuses(stored("location", "link"), "`link`, which lies outside");
  }

  @Test
  void refusesBadSizes() throws IOException {
    refuses(
        stored("location", "w.data", "offset", "8"),
        "expected 8 bytes at offset 8 of `w.data`, found a file of 12 bytes");
    refuses(stored("location", "w.data", "offset", Long.MAX_VALUE + ""), "a file of 12 bytes");
    refuses(stored("location", "w.data", "length", "12"), "expected 8 bytes");
    refuses(stored("location", "w.data", "offset", "-4"), "external offset, found `-4`");
    refuses(stored("location", "w.data", "length", "many"), "external length, found `many`");
  }

  @Test
  void refusesDataOfAModelReadFromMemory() throws IOException {
    byte[] bytes = Files.readAllBytes(stored("location", "w.data"));
    assertThatThrownBy(() -> OnnxReader.read("memory", bytes))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage(
            "memory: initializer `w`: expected the data in the model, found external data"
                + " `w.data`; read it from a file");
  }

  private static void refuses(Path path, String message) {
    assertThatThrownBy(() -> OnnxReader.read(path))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageStartingWith(path + ": initializer `w`: expected ")
        .hasMessageContaining(message)
        .hasNoCause();
  }
}
