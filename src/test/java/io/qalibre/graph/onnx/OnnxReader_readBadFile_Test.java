package io.qalibre.graph.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.onnx.proto.OnnxMl.GraphProto;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OnnxReader_readBadFile_Test {
  private final Path folder;

  OnnxReader_readBadFile_Test(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void offersNearNamesForAMissingFile() throws IOException {
    Files.write(folder.resolve("mobilenet_v2.onnx"), GoldenFiles.tiny());
    refuses(
        folder.resolve("mobilenetv2.onnx"),
        "expected an ONNX file, found nothing there; did you mean `mobilenet_v2.onnx`?");
    refuses(folder.resolve("models/a.onnx"), "there is no folder `" + folder.resolve("models"));
  }

  @Test
  void refusesAFolderAndNamesItsModels() throws IOException {
    refuses(folder, "expected an ONNX file, found a folder");
    Files.write(folder.resolve("tiny.onnx"), GoldenFiles.tiny());
    refuses(folder, "found a folder; it holds `tiny.onnx`");
  }

  @Test
  void refusesAnEmptyFile() throws IOException {
    refuses(Files.createFile(folder.resolve("e.onnx")), "expected an ONNX model, found an empty");
  }

  @Test
  void refusesAStreamThatFails() throws IOException {
    InputStream failing = InputStream.nullInputStream();
    failing.close();
    assertThatThrownBy(() -> OnnxReader.read("s", failing))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageStartingWith("s: expected a stream that can be read, found ");
  }

  static Stream<Arguments> otherFiles() {
    return Stream.of(
        arguments("\u0089PNG\r\n\u001a\n\0\0\0\rIHDR", "a PNG picture"),
        arguments("\u001f\u008b\b\0", "a gzip file; unpack it first"),
        arguments("PK\u0003\u0004 archive/data.pkl", "a zip archive"),
        arguments("version https://git-lfs.github.com/spec", "a Git LFS pointer"),
        arguments("\u001c\0\0\0TFL3", "a TensorFlow Lite model"),
        arguments("Hello, this\nis no model", "a text that begins `Hello, this is no model`"),
        arguments("\b\b:\u007f", "a truncated or damaged one of 4 bytes"),
        arguments("\b\b", "a truncated or damaged one of 2 bytes"),
        arguments("\u00fe\u00fe\u00fe", "something else of 3 bytes"));
  }

  @ParameterizedTest
  @MethodSource("otherFiles")
  void saysWhatAFileThatIsNoModelSeemsToBe(String content, String found) {
    assertThatThrownBy(() -> OnnxReader.read("f", content.getBytes(StandardCharsets.ISO_8859_1)))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageStartingWith("f: expected an ONNX model")
        .hasMessageContaining("found " + found)
        .hasNoCause();
  }

  @Test
  void refusesTruncatedFiles() {
    byte[] whole = GoldenFiles.tiny();
    for (int length = 1; length < whole.length - 20; length += 97) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> OnnxReader.read("cut.onnx", cut))
          .as("first %d bytes", length)
          .isInstanceOf(OnnxFormatException.class)
          .hasMessageStartingWith("cut.onnx: ")
          .hasNoCause();
    }
  }

  @Test
  void refusesPartsNestedTooDeep() {
    GraphProto.Builder graph = Models.graph("t", Models.node("Relu", List.of("x"), "t"));
    for (int depth = 0; depth < 40; depth++) {
      graph = Models.graph("t", Models.branch("c", graph, Models.graph("x"), "t"));
    }
    GraphProto.Builder deep = graph;
    assertThatThrownBy(() -> Models.read(g -> g.addNode(Models.branch("c", deep, deep, "y"))))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessage(
            "small.onnx: expected an ONNX model, found one whose parts are nested more than 100"
                + " deep");
  }

  /** Whatever is wrong with a file, it is read or refused by name. */
  @Test
  void survivesDamage() {
    Random random = new Random(1);
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
      byte[] damaged = GoldenFiles.tiny();
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      // the structure lies in few bytes; aim there as well
      damaged[random.nextInt(4000)] ^= (byte) (1 << random.nextInt(8));
      try {
        OnnxReader.read("damaged.onnx", damaged);
      } catch (OnnxFormatException e) {
        refused++;
        assertThat(e.file()).isEqualTo("damaged.onnx");
      }
    }
    assertThat(refused).isBetween(500, 1999);
  }

  private static void refuses(Path path, String message) {
    assertThatThrownBy(() -> OnnxReader.read(path))
        .isInstanceOf(OnnxFormatException.class)
        .hasMessageStartingWith(path + ": expected ")
        .hasMessageContaining(message);
  }
}
