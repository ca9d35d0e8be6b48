package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.qalibre.graph.Graph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
   * one is complete. Where the weights are more than protobuf's 2 GiB, those of a kibibyte or more
   * go to a file {@code <file>.data} beside it.
   *
   * @param graph a graph without quantizers
   * @param path the file; its folder is made where it does not exist
   * @return the files that were written: the model, and the file of its weights where there is one
   * @throws OnnxFormatException if the graph cannot be written as ONNX, or the file not be written
   */
  public static List<Path> write(Graph graph, Path path) {
    return write(graph, path, WeightStorage.FLOAT);
  }

  /**
   * Writes a file, as {@link #write(Graph, Path)} does.
   *
   * @param graph a graph without quantizers
   * @param path the file; its folder is made where it does not exist
   * @param storage how the file holds the weights; in float16 reading it gives a graph that is
   *     equal but for the rounded weights
   * @return the files that were written: the model, and the file of its weights where there is one
   * @throws OnnxFormatException if the graph cannot be written as ONNX, or the file not be written
   */
  public static List<Path> write(Graph graph, Path path, WeightStorage storage) {
    return write(graph, path, storage, ModelEncoder.MOST_WEIGHTS);
  }

  /** Writes a file that holds at most {@code limit} bytes of weights itself. */
  static List<Path> write(Graph graph, Path path, WeightStorage storage, long limit) {
    ModelProto.Builder model = new ModelEncoder(path.toString(), graph, storage).encode();
    Path data = path.resolveSibling(path.getFileName() + ".data");
    ExternalWeights weights =
        ExternalWeights.take(String.valueOf(data.getFileName()), model.getGraphBuilder(), limit);
    requireRoom(path.toString(), model, limit);
    Map<Path, AtomicFile.Content> files = new LinkedHashMap<>();
    if (!weights.isEmpty()) {
      files.put(data, weights::writeTo);
    }
    files.put(path, model.build()::writeTo);
    try {
      AtomicFile.write(files);
    } catch (IOException e) {
      throw new OnnxFormatException(path.toString(), "", "a file to write", e.toString());
    }
    return weights.isEmpty() ? List.of(path) : List.of(path, data);
  }

  /**
   * The bytes of an ONNX file.
   *
   * @param graph a graph without quantizers, its initializers below 2 GiB together
   * @return what {@link #write} writes
   * @throws OnnxFormatException if the graph cannot be written as ONNX
   */
  public static byte[] toBytes(Graph graph) {
    ModelProto.Builder model = new ModelEncoder(graph.name(), graph, WeightStorage.FLOAT).encode();
    requireRoom(graph.name(), model, ModelEncoder.MOST_WEIGHTS);
    return model.build().toByteArray();
  }

  private static void requireRoom(String file, ModelProto.Builder model, long limit) {
    long size = ExternalWeights.size(model.getGraphBuilder());
    if (size > limit) {
      throw new OnnxFormatException(
          file, "initializers", "at most " + limit + " bytes in the model itself", size + " bytes");
    }
  }
}
