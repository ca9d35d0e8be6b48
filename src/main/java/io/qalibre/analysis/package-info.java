/** Where quantization hurts: sensitivity, mixed precision, automatic quantization. */
@NullMarked
package io.qalibre.analysis;

import org.jspecify.annotations.NullMarked;
