package io.qalibre;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.onnx.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The file {@code models.json}: where each trained network of a folder comes from. */
final class ModelsFile {
  private static final String NAME = "models.json";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;

  private ModelsFile(Path folder) {
    this.folder = folder;
  }

  static ModelsFile in(Path folder) {
    return new ModelsFile(folder);
  }

  /** An entry to fill in; it begins with the file's size and hash. */
  ObjectNode entry(String file) {
    Path path = folder.resolve(file);
    try {
      byte[] content = Files.readAllBytes(path);
      return JSON.createObjectNode()
          .put("file", file)
          .put("bytes", content.length)
          .put("sha256", sha256(content));
    } catch (IOException e) {
      throw new QalibreException(path + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Adds an entry, or replaces the one of that name.
   *
   * @throws QalibreException if the file is no JSON object, or cannot be read or written
   */
  void put(String network, ObjectNode entry) {
    Path file = folder.resolve(NAME);
    try {
      ObjectNode all = read(file);
      all.set(network, entry);
      byte[] bytes = (JSON.writeValueAsString(all) + "\n").getBytes(StandardCharsets.UTF_8);
      AtomicFile.write(file, out -> out.write(bytes));
    } catch (IOException e) {
      throw new QalibreException(file + " cannot be written: " + e.getMessage(), e);
    }
  }

  private static ObjectNode read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return JSON.createObjectNode();
    }
    try {
      JsonNode read = JSON.readTree(file.toFile());
      if (read instanceof ObjectNode entries) {
        return entries;
      }
      throw new QalibreException(file + ": expected a JSON object, found " + read.getNodeType());
    } catch (JsonProcessingException e) {
      throw new QalibreException(file + ": expected JSON, found " + e.getOriginalMessage(), e);
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
