/** Traces a DJL Block into a graph. */
@NullMarked
package io.qalibre.engine.trace;

import org.jspecify.annotations.NullMarked;
