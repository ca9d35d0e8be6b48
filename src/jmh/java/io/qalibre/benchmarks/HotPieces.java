package io.qalibre.benchmarks;

import io.qalibre.Network;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.export.EncodingsReader;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.QuantScheme;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Statistics;
import io.qalibre.quant.Symmetry;
import io.qalibre.quant.TensorEncoding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The hot pieces that are written in Java: statistics, grids, equalization, files. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class HotPieces {
  private static final int VALUES = 1 << 20;
  private static final QuantizerSpec SPEC =
      QuantizerSpec.perTensor(8, QuantScheme.MIN_MAX, Symmetry.ASYMMETRIC);

  /** A million normal numbers, and what is known of them. */
  @State(Scope.Benchmark)
  public static class Values {
    private final float[] values = new float[VALUES];
    private Statistics seen;
    private TensorEncoding encoding;

    /** The way to find a range. */
    @Param({"min_max", "tf_enhanced", "percentile", "mse", "entropy"})
    public String scheme = "min_max";

    /** Makes them. */
    @Setup
    public void make() {
      Random random = new Random(1);
      for (int i = 0; i < VALUES; i++) {
        values[i] = (float) random.nextGaussian();
      }
      seen = Statistics.of(values);
      encoding = new TensorEncoding(Granularity.PER_TENSOR, List.of(grid()));
    }

    private Encoding grid() {
      Map<String, QuantScheme> schemes =
          Map.of(
              "min_max", QuantScheme.MIN_MAX,
              "tf_enhanced", QuantScheme.TF_ENHANCED,
              "percentile", QuantScheme.percentile(99.99),
              "mse", QuantScheme.MSE,
              "entropy", QuantScheme.ENTROPY);
      return schemes.get(scheme).grid(seen, SPEC);
    }
  }

  /** MobileNetV2, its bytes as ONNX, its simulation and the file of that one's encodings. */
  @State(Scope.Benchmark)
  public static class Model {
    private static final int SIZE = 64;

    private final Network network = Networks.of("mobilenet_v2", SIZE);
    private byte[] bytes;
    private Graph placed;
    private Path encodings;

    /** Makes them. */
    @Setup
    public void make() throws IOException {
      bytes = OnnxWriter.toBytes(network.graph());
      QuantizedNetwork quantized =
          network
              .foldBatchNorms()
              .simulate(QuantConfig.perChannel())
              .computeEncodings(Pictures.samples(1, 1, SIZE));
      Path folder = Files.createTempDirectory("encodings");
      folder.toFile().deleteOnExit();
      quantized.export(folder, "network");
      encodings = folder.resolve("network.encodings");
      placed = quantized.simulation().graph();
    }
  }

  /** Range and histogram of a million numbers. */
  @Benchmark
  public Statistics statistics(Values values) {
    return Statistics.of(values.values);
  }

  /** A grid from statistics. */
  @Benchmark
  public Encoding grid(Values values) {
    return values.grid();
  }

  /** A million numbers onto their grid, on the heap. */
  @Benchmark
  public float[] fakeQuantize(Values values) {
    return FakeQuantizer.apply(values.values, new long[] {VALUES}, values.encoding);
  }

  /** Folding batch normalizations and cross-layer equalization. */
  @Benchmark
  public Network equalize(Model model) {
    return model.network.equalizeLayers();
  }

  /** A network out of the bytes of an ONNX file. */
  @Benchmark
  public Graph readOnnx(Model model) {
    return OnnxReader.read("network", model.bytes);
  }

  /** The bytes of an ONNX file out of a network. */
  @Benchmark
  public byte[] writeOnnx(Model model) {
    return OnnxWriter.toBytes(model.network.graph());
  }

  /** A simulation out of a file of encodings. */
  @Benchmark
  public Simulation readEncodings(Model model) {
    return EncodingsReader.read(model.encodings, model.placed);
  }
}
