/** Builders of the networks that the companion notebooks use. */
@NullMarked
package io.qalibre.models;

import org.jspecify.annotations.NullMarked;
