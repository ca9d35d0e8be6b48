/**
 * The operator catalogue: one entry an ONNX operator says what it computes, which shapes come out,
 * and how quantizers see it.
 */
@NullMarked
package io.qalibre.graph.op;

import org.jspecify.annotations.NullMarked;
