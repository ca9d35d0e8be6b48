package io.qalibre.analysis;

import io.qalibre.errors.QalibreException;
import io.qalibre.view.Numbers;
import java.util.List;

/** What a mixed precision is allowed to cost, or to lose. */
public sealed interface Budget {
  /** A bit more than 1: sums of shares have rounding errors. */
  double CLOSE = 1 + 1e-9;

  /**
   * So many bit operations (multiplications times bits of the weight times bits of the activation),
   * as a share of those with 8 bits everywhere.
   *
   * @param share above 0; 1 is W8A8, 0.5 is W4A8, 2 is W8A16
   * @throws QalibreException if the share is not above 0
   */
  static Budget bitOperations(double share) {
    return new BitOperations(share);
  }

  /**
   * A loss of top-1 accuracy from the float network's, with as few bit operations as that allows.
   *
   * @param points in percentage points, 0 to 100
   * @throws QalibreException if the points are not 0 to 100
   */
  static Budget accuracyDrop(double points) {
    return new AccuracyDrop(points);
  }

  /**
   * A ratio of signal to noise of the outputs that is to be kept, with as few bit operations as
   * that allows.
   *
   * @param decibels the least ratio
   * @throws QalibreException if it is not a finite number
   */
  static Budget sqnr(double decibels) {
    return new LeastSqnr(decibels);
  }

  /**
   * Whether a choice keeps to it.
   *
   * @param point the choice; its measures are SQNR and, where labels are needed, top-1
   * @param floats the float network's values of the measures
   */
  boolean allows(PrecisionFront.Point point, List<Double> floats);

  /**
   * Whether it bounds the cost, so that the least harm is looked for, rather than the least cost.
   */
  default boolean boundsCost() {
    return false;
  }

  /** A share of the bit operations of W8A8. */
  record BitOperations(double share) implements Budget {
    /** Checks the share. */
    public BitOperations {
      if (!(share > 0) || Double.isInfinite(share)) {
        throw new QalibreException(
            "a budget of bit operations is a share above 0 of those of W8A8, found " + share);
      }
    }

    @Override
    public boolean allows(PrecisionFront.Point point, List<Double> floats) {
      return allows(point.bitOperations());
    }

    boolean allows(double cost) {
      return cost <= share * CLOSE;
    }

    @Override
    public boolean boundsCost() {
      return true;
    }

    @Override
    public String toString() {
      return Numbers.format(share) + " of W8A8's bit operations";
    }
  }

  /** A loss of top-1 in points. */
  record AccuracyDrop(double points) implements Budget {
    /** Checks the points. */
    public AccuracyDrop {
      if (!(points >= 0) || points > 100) {
        throw new QalibreException(
            "a budget of accuracy is a loss of 0 to 100 points, found " + points);
      }
    }

    @Override
    public boolean allows(PrecisionFront.Point point, List<Double> floats) {
      return floats.get(1) - point.values().get(1) <= points + CLOSE - 1;
    }

    @Override
    public String toString() {
      return "a loss of at most " + Numbers.format(points) + " points of top-1";
    }
  }

  /** The least ratio of signal to noise. */
  record LeastSqnr(double decibels) implements Budget {
    /** Checks the number. */
    public LeastSqnr {
      if (!Double.isFinite(decibels)) {
        throw new QalibreException("a budget of SQNR is a number of dB, found " + decibels);
      }
    }

    @Override
    public boolean allows(PrecisionFront.Point point, List<Double> floats) {
      return point.values().get(0) >= decibels;
    }

    @Override
    public String toString() {
      return "an SQNR of at least " + Numbers.format(decibels) + " dB";
    }
  }
}
