package io.qalibre.view;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/** Writes numbers for people: five significant digits, and no digits that only a float has. */
public final class Numbers {
  /** What stands for a number that is not there. */
  static final String MISSING = "–";

  private static final int DIGITS = 5;
  private static final int LEAST_DIGITS = 3;
  private static final double SMALL = 1e-4;
  private static final double LARGE = 1e7;
  private static final double ALIGNABLE = 1e3;

  private Numbers() {}

  /**
   * A number to five significant digits without trailing zeros; below 1e-4 and from 1e7 on in
   * scientific notation.
   *
   * @param value any value
   * @return such as {@code 0.0078431}, {@code -12.5}, {@code 3.92e-06}, {@code ∞} or {@code NaN}
   */
  public static String format(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "∞" : "-∞";
    }
    if (value == 0) {
      return "0";
    }
    double size = Math.abs(value);
    if (size < LARGE && value == Math.rint(value)) {
      return Long.toString((long) value);
    }
    BigDecimal rounded = rounded(value);
    if (size >= LARGE || size < SMALL) {
      int exponent = rounded.precision() - rounded.scale() - 1;
      String mantissa = rounded.movePointLeft(exponent).stripTrailingZeros().toPlainString();
      return String.format(Locale.ROOT, "%se%+03d", mantissa, exponent);
    }
    return rounded.toPlainString();
  }

  /**
   * A number to two decimals, as percentages stand in tables: more would be noise.
   *
   * @param value any value; one that is not finite stays as it is
   */
  public static double hundredths(double value) {
    return Double.isFinite(value) ? Math.round(100 * value) / 100.0 : value;
  }

  /**
   * A count with its thousands apart.
   *
   * @param count any whole number
   * @return such as {@code 2,236,682}
   */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /**
   * The numbers of a column, with equally many decimals where their sizes allow it; NaN, which is
   * Tablesaw's missing value, becomes a dash.
   */
  static List<String> column(double[] values) {
    DoubleFunction<String> format = columnFormat(values);
    return Arrays.stream(values)
        .mapToObj(v -> Double.isNaN(v) ? MISSING : format.apply(v))
        .toList();
  }

  /** The format that {@link #column} uses for these values. */
  static DoubleFunction<String> columnFormat(double[] values) {
    double[] sizes =
        Arrays.stream(values)
            .filter(v -> Double.isFinite(v) && v != 0)
            .map(Math::abs)
            .sorted()
            .toArray();
    if (sizes.length == 0) {
      return Numbers::format;
    }
    double least = sizes[0];
    double most = sizes[sizes.length - 1];
    if (least < SMALL || most >= LARGE || most / least > ALIGNABLE) {
      return Numbers::format;
    }
    int needed = Arrays.stream(sizes).mapToInt(v -> rounded(v).scale()).max().orElse(0);
    int enough = Math.max(decimals(most, DIGITS), decimals(least, LEAST_DIGITS));
    int shown = Math.max(0, Math.min(needed, enough));
    return v ->
        Double.isFinite(v)
            ? new BigDecimal(v).setScale(shown, RoundingMode.HALF_EVEN).toPlainString()
            : format(v);
  }

  private static BigDecimal rounded(double value) {
    BigDecimal digits =
        new BigDecimal(value)
            .round(new MathContext(DIGITS, RoundingMode.HALF_EVEN))
            .stripTrailingZeros();
    return digits.scale() < 0 ? digits.setScale(0) : digits;
  }

  /** How many decimals give a number of this size that many significant digits. */
  private static int decimals(double size, int digits) {
    return digits - 1 - (int) Math.floor(Math.log10(size));
  }
}
