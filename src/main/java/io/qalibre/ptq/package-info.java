/** Post-training quantization, one class a technique. */
@NullMarked
package io.qalibre.ptq;

import org.jspecify.annotations.NullMarked;
