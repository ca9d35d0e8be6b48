package io.qalibre.graph;

/**
 * An input or output of a graph.
 *
 * @param name the tensor's name
 * @param type the elements' type
 * @param shape the shape, with symbolic dimensions where the file has them
 */
public record ValueInfo(String name, DataType type, TensorShape shape) {}
