package io.qalibre.view;

/**
 * A threshold drawn into a chart as a vertical line.
 *
 * @param label what the threshold is, such as {@code max}; its value is added in the legend
 * @param value where it stands on the horizontal axis, finite
 */
public record Marker(String label, double value) {}
