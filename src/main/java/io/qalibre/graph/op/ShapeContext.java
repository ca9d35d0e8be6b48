package io.qalibre.graph.op;

/** What a shape rule may ask. */
public interface ShapeContext extends NodeContext {}
