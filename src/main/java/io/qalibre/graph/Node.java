package io.qalibre.graph;

import java.util.List;

/** A step of a graph: an operator, or a quantizer. */
public sealed interface Node permits OperatorNode, QuantizerNode {
  /** The node's name, unique in its graph. */
  String name();

  /** The tensors it reads; an empty name is an optional input left out. */
  List<String> inputs();

  /** The tensors it writes; an empty name is an optional output left out. */
  List<String> outputs();
}
