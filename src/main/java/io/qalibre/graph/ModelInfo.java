package io.qalibre.graph;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What an ONNX file says about itself, kept from reading to writing.
 *
 * @param opset the version of ONNX's own operator set
 * @param irVersion the version of the file format
 * @param producer the program that made it
 * @param doc its description
 * @param properties its metadata
 */
public record ModelInfo(
    long opset, long irVersion, String producer, String doc, Map<String, String> properties) {
  /** What a graph made by Qalibre says: opset 17, which ONNX Runtime has read since 1.12. */
  public static final ModelInfo OWN = new ModelInfo(17, 8, "qalibre", "", Map.of());

  /** Copies the metadata, keeping their order. */
  public ModelInfo {
    properties = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(properties));
  }
}
