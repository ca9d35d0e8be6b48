package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.TensorEncoding;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parameters that hold the ranges of a network that is trained: two for each quantizer. */
final class RangeParameters {
  private final RangeForm form;
  private final List<QuantizerNode> nodes;
  private final Map<String, TensorEncoding> start;
  private final List<Parameter> parameters;
  private final float[] first;
  private float[] seen = {};
  private @Nullable ProgramSource seenBy;
  private NDList fixed = new NDList();

  /**
   * Creates a view of parameters.
   *
   * @param form what they hold
   * @param nodes the quantizers
   * @param start the encodings that they have been set to
   * @param parameters two for each quantizer
   */
  RangeParameters(
      RangeForm form,
      List<QuantizerNode> nodes,
      Map<String, TensorEncoding> start,
      List<Parameter> parameters) {
    this.form = form;
    this.nodes = List.copyOf(nodes);
    this.start = start;
    this.parameters = List.copyOf(parameters);
    this.first = values();
  }

  RangeForm form() {
    return form;
  }

  List<Parameter> all() {
    return parameters;
  }

  /** The two parameters of a quantizer. */
  List<Parameter> of(QuantizerNode node) {
    for (int i = 0; i < nodes.size(); i++) {
      if (nodes.get(i).id().equals(node.id())) {
        return parameters.subList(2 * i, 2 * i + 2);
      }
    }
    throw new IllegalStateException("no range for " + node.id());
  }

  /** Whether any of them learns. */
  boolean learn() {
    return parameters.stream().anyMatch(Parameter::requiresGradient);
  }

  /** The encodings of all quantizers as they are now; one that has not moved is the same still. */
  Map<String, TensorEncoding> encodings() {
    return encodings(values());
  }

  /** What a program with ranges that stay is given; made anew only when they have changed. */
  NDList fixed(ProgramSource source, NDManager manager) {
    float[] now = values();
    if (source != seenBy || !Arrays.equals(now, seen)) {
      fixed.close();
      fixed = FixedGrids.arguments(source, encodings(now), manager);
      seen = now;
      seenBy = source;
    }
    return fixed;
  }

  private Map<String, TensorEncoding> encodings(float[] now) {
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(start);
    int at = 0;
    for (int i = 0; i < nodes.size(); i++) {
      int size = (int) parameters.get(2 * i).getArray().size();
      int end = at + 2 * size;
      if (!Arrays.equals(now, at, end, first, at, end)) {
        float[] one = Arrays.copyOfRange(now, at, at + size);
        float[] two = Arrays.copyOfRange(now, at + size, end);
        encodings.put(nodes.get(i).id(), form.encoding(nodes.get(i).spec(), one, two));
      }
      at = end;
    }
    return encodings;
  }

  /** All of them, one after the other. */
  private float[] values() {
    if (parameters.isEmpty()) {
      return new float[0];
    }
    NDList arrays = new NDList(parameters.stream().map(Parameter::getArray).toList());
    try (NDArray all = NDArrays.concat(arrays)) {
      return all.toFloatArray();
    }
  }
}
