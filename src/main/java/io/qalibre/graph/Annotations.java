package io.qalibre.graph;

import java.util.Arrays;

/**
 * What an ONNX file says beyond its network and {@link ModelInfo}: descriptions and metadata of the
 * graph, its nodes and tensors, intermediate shapes, quantization annotations, versions of other
 * operator sets, and parts of the format that are newer than this program.
 *
 * <p>A graph carries them unread from {@code OnnxReader} to {@code OnnxWriter}, through every
 * rewrite. They are kept by the names of nodes and tensors: what belongs to one that is gone when
 * the graph is written is left out then.
 */
public final class Annotations {
  /** No annotations: what a graph has that comes from no file. */
  public static final Annotations NONE = new Annotations(new byte[0]);

  private final byte[] message;

  /**
   * Annotations as the reader encodes them.
   *
   * @param message an ONNX model with nothing else in it; it is copied
   */
  public Annotations(byte[] message) {
    this.message = message.clone();
  }

  /** A copy of the ONNX model that holds them. */
  public byte[] message() {
    return message.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Annotations other && Arrays.equals(message, other.message);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(message);
  }

  @Override
  public String toString() {
    return message.length + " bytes of annotations";
  }
}
