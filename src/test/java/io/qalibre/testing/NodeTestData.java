package io.qalibre.testing;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** The models, inputs and expected outputs of the node tests in scope, in memory: about 8 MB. */
public final class NodeTestData {
  private final Map<String, byte[]> files = new HashMap<>();

  private NodeTestData() {}

  /** Reads all tests. */
  public static NodeTestData read() {
    NodeTestData data = new NodeTestData();
    try (InputStream file = Files.newInputStream(OnnxFiles.DATA);
        InputStream unpacked = new BufferedInputStream(new GZIPInputStream(file));
        TarArchiveInputStream tar = new TarArchiveInputStream(unpacked)) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        data.files.put(entry.getName(), tar.readAllBytes());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return data;
  }

  byte[] model(NodeTest test) {
    return files.get(test.name() + "/model.onnx");
  }

  List<TensorProto> inputs(NodeTest test) throws IOException {
    return tensors(test.name() + "/input_");
  }

  List<TensorProto> outputs(NodeTest test) throws IOException {
    return tensors(test.name() + "/output_");
  }

  private List<TensorProto> tensors(String start) throws IOException {
    List<TensorProto> tensors = new ArrayList<>();
    byte[] file = files.get(start + 0 + ".pb");
    while (file != null) {
      tensors.add(TensorProto.parseFrom(file));
      file = files.get(start + tensors.size() + ".pb");
    }
    return tensors;
  }
}
