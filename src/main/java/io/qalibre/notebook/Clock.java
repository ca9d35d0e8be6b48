package io.qalibre.notebook;

/** Tells the time, in nanoseconds from any beginning. */
@FunctionalInterface
interface Clock {
  long nanos();
}
