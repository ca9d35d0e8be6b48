package io.qalibre.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;

/**
 * ONNX models that are kept without their weights, as {@code torchvision_export.py --weightless}
 * writes them: weights and biases have a name and dimensions but no data. Here they are filled with
 * the random numbers, seeded by their names, for which the script found the statistics of the batch
 * normalizations.
 */
public final class WeightlessModel {
  private static final Path FOLDER = Path.of("src", "test", "resources", "torchvision");

  private WeightlessModel() {}

  /**
   * Writes the model of a name with weights.
   *
   * @param name a file's name in the folder of resources, without its endings
   * @param folder where to write
   * @return the file written
   */
  public static Path filled(String name, Path folder) {
    try (InputStream packed = Files.newInputStream(FOLDER.resolve(name + ".onnx.gz"));
        InputStream unpacked = new GZIPInputStream(packed)) {
      ModelProto.Builder model = ModelProto.newBuilder().mergeFrom(unpacked);
      fill(model.getGraphBuilder());
      return Files.write(folder.resolve(name + ".onnx"), model.build().toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void fill(GraphProto.Builder graph) {
    for (TensorProto.Builder tensor : graph.getInitializerBuilderList()) {
      if (!tensor.getDocString().isEmpty()) {
        tensor.setRawData(values(tensor));
      }
    }
  }

  /** Uniform numbers around a mean, which the tensor's text says together with half their range. */
  private static ByteString values(TensorProto.Builder tensor) {
    String[] said = tensor.getDocString().split(" ");
    double mean = Double.parseDouble(said[0]);
    double width = Double.parseDouble(said[1]);
    CRC32 seed = new CRC32();
    seed.update(tensor.getName().getBytes(UTF_8));
    int count =
        tensor.getDimsList().stream().mapToInt(Math::toIntExact).reduce(1, Math::multiplyExact);
    ByteBuffer bytes = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      bytes.putFloat((float) (mean + width * number(seed.getValue(), i)));
    }
    return ByteString.copyFrom(bytes.flip());
  }

  /** A number from -1 to 1: SplitMix64 (Steele, Lea and Flood 2014), as the script has it. */
  private static double number(long seed, int i) {
    long z = seed + (i + 1) * 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    z = z ^ (z >>> 31);
    return (z >>> 11) * 0x1p-52 - 1;
  }
}
