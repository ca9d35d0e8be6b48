package io.qalibre.graph.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Moves the weights of a model that is too large for one file into a file of their own beside it.
 *
 * <p>Source: ONNX's <a href="https://github.com/onnx/onnx/blob/main/docs/ExternalData.md">external
 * data</a>.
 */
final class ExternalWeights {
  /** What is smaller stays: shapes, axes and bounds belong to the model itself. */
  private static final int LEAST = 1024;

  /** Where tensors begin, so that runtimes can map them into memory. */
  private static final int ALIGNMENT = 4096;

  private final String location;
  private final List<ByteString> parts = new ArrayList<>();
  private long end;

  private ExternalWeights(String location) {
    this.location = location;
  }

  /**
   * Takes the weights out of a graph if they are more than a limit.
   *
   * @param location the name of the file for them, beside the model
   * @param limit the most bytes that may stay where they are
   * @return the weights taken; none where all may stay
   */
  static ExternalWeights take(String location, GraphProto.Builder graph, long limit) {
    ExternalWeights weights = new ExternalWeights(location);
    if (size(graph) > limit) {
      graph.getInitializerBuilderList().stream()
          .filter(tensor -> tensor.getRawData().size() >= LEAST)
          .forEach(weights::add);
    }
    return weights;
  }

  /** The bytes of the initializers that a graph holds itself. */
  static long size(GraphProto.Builder graph) {
    return graph.getInitializerList().stream().mapToLong(t -> t.getRawData().size()).sum();
  }

  private void add(TensorProto.Builder tensor) {
    ByteString data = tensor.getRawData();
    parts.add(data);
    tensor
        .clearRawData()
        .setDataLocation(TensorProto.DataLocation.EXTERNAL)
        .addExternalData(entry("location", location))
        .addExternalData(entry("offset", Long.toString(end)))
        .addExternalData(entry("length", Integer.toString(data.size())));
    end += data.size() + padding(data);
  }

  private static StringStringEntryProto.Builder entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value);
  }

  private static int padding(ByteString data) {
    return Math.floorMod(-data.size(), ALIGNMENT);
  }

  /** Whether none were taken. */
  boolean isEmpty() {
    return parts.isEmpty();
  }

  /** Writes the file. */
  void writeTo(OutputStream out) throws IOException {
    for (ByteString data : parts) {
      data.writeTo(out);
      out.write(new byte[padding(data)]);
    }
  }
}
