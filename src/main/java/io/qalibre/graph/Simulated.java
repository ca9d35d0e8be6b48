package io.qalibre.graph;

/** What can be run: a float network, or a quantized one. */
public interface Simulated {
  /** The graph and its encodings; a float network has none. */
  Simulation simulation();
}
