/**
 * The JSON runtime config, its rules, and the placement of quantizers on a graph with the reason
 * for each.
 */
@NullMarked
package io.qalibre.config;

import org.jspecify.annotations.NullMarked;
