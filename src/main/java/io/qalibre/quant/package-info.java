/**
 * The mathematics of grids: encodings, quantizer specs, schemes and statistics. Plain Java, no
 * native library.
 */
@NullMarked
package io.qalibre.quant;

import org.jspecify.annotations.NullMarked;
