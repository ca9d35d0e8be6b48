package io.qalibre.export;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.qalibre.graph.Tensor;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** ONNX Runtime without its optimizations: each operator of a file as the file has it. */
final class UnfusedRuntime {
  private UnfusedRuntime() {}

  /** The float outputs for float inputs. */
  static Map<String, Tensor> run(Path file, Map<String, Tensor> inputs) {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    Map<String, OnnxTensor> given = new HashMap<>();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
      try (OrtSession session = environment.createSession(file.toString(), options)) {
        for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
          FloatBuffer values = FloatBuffer.wrap(input.getValue().floats());
          given.put(
              input.getKey(),
              OnnxTensor.createTensor(environment, values, input.getValue().sizes()));
        }
        try (OrtSession.Result result = session.run(given)) {
          Map<String, Tensor> outputs = new HashMap<>();
          for (Map.Entry<String, OnnxValue> output : result) {
            OnnxTensor tensor = (OnnxTensor) output.getValue();
            FloatBuffer buffer = tensor.getFloatBuffer();
            float[] values = new float[buffer.remaining()];
            buffer.get(values);
            outputs.put(output.getKey(), Tensor.of(values, tensor.getInfo().getShape()));
          }
          return outputs;
        }
      }
    } catch (OrtException e) {
      throw new AssertionError(file + ": " + e.getMessage(), e);
    } finally {
      given.values().forEach(OnnxTensor::close);
    }
  }
}
