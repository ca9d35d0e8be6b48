package io.qalibre.export;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** An ONNX file in ONNX Runtime, on the CPU, until it is closed. */
final class OrtModel implements AutoCloseable {
  private final Path path;
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  private OrtModel(Path path, OrtSession session) {
    this.path = path;
    this.session = session;
  }

  /** What ONNX Runtime makes of a file's operators. */
  enum Kernels {
    /** Graph optimizations off: each operator of the file runs by itself, in floats. */
    UNFUSED(OrtSession.SessionOptions.OptLevel.NO_OPT),
    /** All optimizations: quantizers and the operator between them become an integer kernel. */
    FUSED(OrtSession.SessionOptions.OptLevel.ALL_OPT);

    private final OrtSession.SessionOptions.OptLevel level;

    Kernels(OrtSession.SessionOptions.OptLevel level) {
      this.level = level;
    }
  }

  /** Loads a file with all optimizations; see {@link #open(Path, int, Kernels)}. */
  static OrtModel open(Path path, int threads) {
    return open(path, threads, Kernels.FUSED);
  }

  /**
   * Loads a file.
   *
   * @param threads how many threads an operator may use
   * @throws QalibreException if there is no such file, or ONNX Runtime does not take it
   */
  static OrtModel open(Path path, int threads, Kernels kernels) {
    if (!Files.isRegularFile(path)) {
      throw new QalibreException("expected the exported file `" + path + "`, found nothing there");
    }
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(kernels.level);
      options.setIntraOpNumThreads(threads);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      // Idle threads that spin would take the cores from the simulation, which runs in turns.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      // Without VNNI instructions int8 weights overflow 16 bits; this turns them into uint8 there.
      options.addConfigEntry("session.x64quantprecision", "1");
      return new OrtModel(
          path, OrtEnvironment.getEnvironment().createSession(path.toString(), options));
    } catch (OrtException e) {
      throw new QalibreException("ONNX Runtime refuses `" + path + "`: " + firstLine(e), e);
    }
  }

  /**
   * Runs one batch.
   *
   * @param inputs a tensor for each input
   * @return the outputs by name, in the file's order
   * @throws QalibreException if ONNX Runtime fails
   */
  Map<String, Tensor> run(Map<String, Tensor> inputs) {
    Map<String, OnnxTensor> given = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
        given.put(input.getKey(), tensor(input.getValue()));
      }
      try (OrtSession.Result result = session.run(given)) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        for (Map.Entry<String, OnnxValue> output : result) {
          outputs.put(output.getKey(), tensor(output.getKey(), output.getValue()));
        }
        return outputs;
      }
    } catch (OrtException e) {
      throw new QalibreException("ONNX Runtime cannot run `" + path + "`: " + firstLine(e), e);
    } finally {
      given.values().forEach(OnnxTensor::close);
    }
  }

  private OnnxTensor tensor(Tensor tensor) throws OrtException {
    ByteBuffer bytes = tensor.bytes();
    // The binding takes typed data from direct buffers only, which it does not copy.
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining()).order(bytes.order());
    direct.put(bytes).flip();
    return OnnxTensor.createTensor(environment, direct, tensor.sizes(), javaType(tensor.type()));
  }

  private Tensor tensor(String name, OnnxValue value) {
    if (value instanceof OnnxTensor tensor) {
      ByteBuffer bytes = tensor.getByteBuffer();
      for (DataType type : DataType.values()) {
        if (javaType(type) == tensor.getInfo().type) {
          return Tensor.of(type, bytes, tensor.getInfo().getShape());
        }
      }
    }
    throw new QalibreException(
        "output `" + name + "` of `" + path + "`: expected a tensor of numbers, found " + value);
  }

  private static OnnxJavaType javaType(DataType type) {
    return switch (type) {
      case FLOAT -> OnnxJavaType.FLOAT;
      case UINT8 -> OnnxJavaType.UINT8;
      case INT8 -> OnnxJavaType.INT8;
      case INT32 -> OnnxJavaType.INT32;
      case INT64 -> OnnxJavaType.INT64;
      case INT16 -> OnnxJavaType.INT16;
      case UINT16, UINT32, UINT64, FLOAT16, UINT4, INT4 ->
          throw new QalibreException("ONNX Runtime's Java API has no tensors of " + type);
      case BOOL -> OnnxJavaType.BOOL;
    };
  }

  private static String firstLine(OrtException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new QalibreException("ONNX Runtime cannot release `" + path + "`: " + firstLine(e), e);
    }
  }
}
