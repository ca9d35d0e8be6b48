package io.qalibre.graph.onnx;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a model comes from.
 *
 * @param name the name that errors give it
 * @param folder the folder that its external data lie in, or null for data from memory
 */
record OnnxFile(String name, @Nullable Path folder) {

  /** An error in a part of this file. */
  OnnxFormatException error(String what, String expected, String found) {
    return new OnnxFormatException(name, what, expected, found);
  }
}
