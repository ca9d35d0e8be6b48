package io.qalibre.view;

import org.knowm.xchart.internal.chartpart.IChart;

/** A value that has a chart beside its table. */
public interface Charted extends Viewable {
  /**
   * The value as a chart; see {@link Charts} for how to build one.
   *
   * @return a new chart, which the caller may change
   */
  IChart chart();
}
