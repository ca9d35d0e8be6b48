package io.qalibre.analysis;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Adds up what some measures say of one network; a batch counts when all networks are through. */
final class Tally {
  private final List<Measure> measures;
  private final List<Measure.Sums> totals;
  private final List<Measure.Sums> pending = new ArrayList<>();

  Tally(List<Measure> measures) {
    this.measures = measures;
    totals = new ArrayList<>(Collections.nCopies(measures.size(), Measure.Sums.NONE));
  }

  /** Takes a batch. */
  void add(Measure.Batch batch) {
    pending.clear();
    measures.forEach(measure -> pending.add(measure.sums(batch)));
  }

  /** Lets the batch count. */
  void commit() {
    for (int i = 0; i < pending.size(); i++) {
      totals.set(i, totals.get(i).plus(pending.get(i)));
    }
    pending.clear();
  }

  /** A value for each measure. */
  List<Double> values() {
    List<Double> values = new ArrayList<>();
    for (int i = 0; i < measures.size(); i++) {
      values.add(measures.get(i).value(totals.get(i)));
    }
    return values;
  }
}
