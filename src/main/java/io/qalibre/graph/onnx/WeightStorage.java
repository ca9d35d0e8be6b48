package io.qalibre.graph.onnx;

/** How a file holds the weights of a graph, which are float32 in the graph itself. */
public enum WeightStorage {
  /** As they are. */
  FLOAT,

  /**
   * In half the bytes: a matrix or kernel {@code w} becomes an initializer {@code w_f16} of IEEE
   * 754 binary16, rounded half to even, and a Cast that widens it to {@code w}. The Cast is part of
   * ONNX and folded by every runtime and by {@link OnnxReader}, so that names stay as they are.
   * Vectors, scalars and weights beyond ±65,504 are stored as float32.
   */
  FLOAT16
}
