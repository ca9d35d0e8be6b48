/**
 * The immutable graph with its ONNX names, shape inference, and rewrites that keep the function.
 */
@NullMarked
package io.qalibre.graph;

import org.jspecify.annotations.NullMarked;
