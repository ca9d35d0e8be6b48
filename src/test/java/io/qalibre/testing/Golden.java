package io.qalibre.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.qalibre.data.Samples;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The golden data made with AIMET, and how results are compared with it. */
public final class Golden {
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

  private Golden() {}

  /** A golden file: a committed one, or else the test is skipped where it is absent. */
  public static Path file(String name) {
    Path path = path(name);
    assumeTrue(Files.exists(path), () -> "skipped: no golden data at " + path);
    return path;
  }

  private static Path path(String name) {
    Path committed = Path.of("src/test/resources/golden", name);
    String folder = System.getenv().getOrDefault("QALIBRE_SHARED", "../shared");
    return Files.exists(committed) ? committed : Path.of(folder, "golden", name);
  }

  /** A golden network, packed or not. */
  public static Graph network(String name) {
    Path path = file(name);
    if (!name.endsWith(".gz")) {
      return OnnxReader.read(path);
    }
    try (InputStream in = new GZIPInputStream(Files.newInputStream(path))) {
      return OnnxReader.read(name, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An array of float32 or uint8 in NumPy's format; bytes come as floats of 0 to 255. */
  public static Tensor array(String name) {
    try {
      return parse(Files.readAllBytes(file(name)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The arrays of a NumPy archive by name. */
  public static Map<String, Tensor> arrays(String name) {
    Map<String, Tensor> arrays = new LinkedHashMap<>();
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file(name)))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        arrays.put(entry.getName().replace(".npy", ""), parse(zip.readAllBytes()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return arrays;
  }

  /** The first n of the test pictures of 64×64, prepared as the golden networks take them. */
  public static Tensor pictures(int n) {
    Tensor all = prepared("test_64_u8.npy");
    int picture = 3 * 64 * 64;
    return Tensor.of(Arrays.copyOf(all.floats(), n * picture), n, 3, 64, 64);
  }

  /** The calibration pictures of 64×64 in batches of eight, prepared likewise. */
  public static Samples calibration() {
    Tensor all = prepared("calib_64_u8.npy");
    int batch = 8 * 3 * 64 * 64;
    return Samples.of(
        IntStream.range(0, all.size() / batch)
            .mapToObj(i -> Arrays.copyOfRange(all.floats(), i * batch, (i + 1) * batch))
            .map(values -> Map.of("input", Tensor.of(values, 8, 3, 64, 64)))
            .toList());
  }

  /** All pictures of a file of bytes, prepared as the golden networks take them. */
  public static Tensor prepared(String name) {
    Tensor bytes = array(name);
    long[] sizes = bytes.sizes();
    int plane = (int) (sizes[2] * sizes[3]);
    float[] values = bytes.floats();
    for (int i = 0; i < values.length; i++) {
      int channel = (i / plane) % 3;
      values[i] = (values[i] / 255 - MEAN[channel]) / DEVIATION[channel];
    }
    return Tensor.of(values, sizes);
  }

  /** A JSON file, packed or not. */
  public static JsonNode json(String name) {
    try {
      boolean packed = !Files.exists(path(name)) || Files.exists(path(name + ".gz"));
      try (InputStream in =
          packed
              ? new GZIPInputStream(Files.newInputStream(file(name + ".gz")))
              : Files.newInputStream(file(name))) {
        return new JsonMapper().readTree(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The ratio of signal to noise in dB; the reference may have more values than are compared. */
  public static double sqnr(Tensor reference, Tensor found) {
    float[] expected = reference.floats();
    float[] own = found.floats();
    assertThat(own.length).isPositive().isLessThanOrEqualTo(expected.length);
    double signal = 0;
    double noise = 0;
    for (int i = 0; i < own.length; i++) {
      signal += (double) expected[i] * expected[i];
      noise += ((double) expected[i] - own[i]) * ((double) expected[i] - own[i]);
    }
    return noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
  }

  private static Tensor parse(byte[] npy) {
    ByteBuffer bytes = ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN);
    boolean old = npy[6] == 1;
    int length = old ? bytes.getShort(8) & 0xffff : bytes.getInt(8);
    int start = old ? 10 : 12;
    String header = new String(npy, start, length, StandardCharsets.US_ASCII);
    assertThat(header).contains("'fortran_order': False");
    String sizes = header.replaceAll(".*'shape': \\(([^)]*)\\).*", "$1").strip();
    long[] shape =
        Arrays.stream(sizes.split(","))
            .map(String::strip)
            .filter(s -> !s.isEmpty())
            .mapToLong(Long::parseLong)
            .toArray();
    ByteBuffer data = bytes.position(start + length).slice().order(ByteOrder.LITTLE_ENDIAN);
    float[] values;
    if (header.contains("'|u1'")) {
      values = new float[data.remaining()];
      for (int i = 0; i < values.length; i++) {
        values[i] = data.get(i) & 0xff;
      }
    } else {
      assertThat(header).contains("'<f4'");
      values = new float[data.remaining() / 4];
      data.asFloatBuffer().get(values);
    }
    return Tensor.of(values, shape);
  }
}
