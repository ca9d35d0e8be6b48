/**
 * The root of the errors raised on purpose, and the near names they offer. Every room may use it.
 */
@NullMarked
package io.qalibre.errors;

import org.jspecify.annotations.NullMarked;
