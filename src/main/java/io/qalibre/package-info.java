/**
 * What users hold: networks, simulations, quantized networks, and the verbs on them. A thin front
 * desk that calls the rooms.
 */
@NullMarked
package io.qalibre;

import org.jspecify.annotations.NullMarked;
