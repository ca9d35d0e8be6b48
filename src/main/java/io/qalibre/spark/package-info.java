/** Calibration, evaluation and sweeps on Apache Spark. Nobody imports it. */
@NullMarked
package io.qalibre.spark;

import org.jspecify.annotations.NullMarked;
