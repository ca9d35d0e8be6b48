package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.qalibre.graph.Graph;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Writes graphs as ONNX models.
 *
 * <p>Every name, attribute, initializer and the metadata are kept, in their order; reading the
 * model again gives an equal graph. The operator set is that of {@link Graph#info()}, the format
 * version its own or the one that came with the operator set, whichever is later. What {@link
 * Graph#annotations()} hold of nodes and tensors that are still there is written as well. Domains
 * other than ONNX's have the version of the file that the graph was read from, or 1.
 */
public final class OnnxWriter {
  private OnnxWriter() {}

  /**
   * Writes a file. It appears whole or not at all: a file that was there before stays until the new
   * one is complete.
   *
   * @param graph a graph without quantizers, its initializers below 2 GiB together
   * @param path the file; its folder is made where it does not exist
   * @throws OnnxFormatException if the graph cannot be written as ONNX, or the file not be written
   */
  public static void write(Graph graph, Path path) {
    write(graph, path, WeightStorage.FLOAT);
  }

  /**
   * Writes a file, as {@link #write(Graph, Path)} does.
   *
   * @param graph a graph without quantizers, its initializers below 2 GiB together
   * @param path the file; its folder is made where it does not exist
   * @param storage how the file holds the weights; in float16 reading it gives a graph that is
   *     equal but for the rounded weights
   * @throws OnnxFormatException if the graph cannot be written as ONNX, or the file not be written
   */
  public static void write(Graph graph, Path path, WeightStorage storage) {
    ModelProto model = new ModelEncoder(path.toString(), graph, storage).encode();
    try {
      AtomicFile.write(path, model::writeTo);
    } catch (IOException e) {
      throw new OnnxFormatException(path.toString(), "", "a file to write", e.toString());
    }
  }

  /**
   * The bytes of an ONNX file.
   *
   * @param graph a graph without quantizers, its initializers below 2 GiB together
   * @return what {@link #write} writes
   * @throws OnnxFormatException if the graph cannot be written as ONNX
   */
  public static byte[] toBytes(Graph graph) {
    return new ModelEncoder(graph.name(), graph, WeightStorage.FLOAT).encode().toByteArray();
  }
}
