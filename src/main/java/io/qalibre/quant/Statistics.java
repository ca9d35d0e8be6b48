package io.qalibre.quant;

import org.jspecify.annotations.Nullable;

/**
 * What one quantizer has seen of its tensor: a value of fixed size that merges.
 *
 * @param range the smallest and largest value
 * @param histogram the values' distribution, or null where it was not collected
 */
public record Statistics(Range range, @Nullable Histogram histogram) {}
