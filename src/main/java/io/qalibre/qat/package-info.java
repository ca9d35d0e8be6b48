/** Quantization-aware training: the trainable simulation, its loop, history and checkpoints. */
@NullMarked
package io.qalibre.qat;

import org.jspecify.annotations.NullMarked;
