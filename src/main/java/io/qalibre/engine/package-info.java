/**
 * Compiles graphs to TorchScript programs and runs them on DJL: the only room that knows {@code
 * ai.djl.pytorch}.
 */
@NullMarked
package io.qalibre.engine;

import org.jspecify.annotations.NullMarked;
