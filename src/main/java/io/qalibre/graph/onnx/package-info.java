/** Reads ONNX files into graphs and writes graphs as ONNX files. */
@NullMarked
package io.qalibre.graph.onnx;

import org.jspecify.annotations.NullMarked;
