/** Files for targets, ONNX with encodings and QDQ ONNX, and their verification in ONNX Runtime. */
@NullMarked
package io.qalibre.export;

import org.jspecify.annotations.NullMarked;
