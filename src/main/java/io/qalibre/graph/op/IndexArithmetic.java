package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.Dim;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.IntPredicate;
import java.util.function.LongBinaryOperator;

/**
 * Arithmetic on sizes before there is data: exporters write the shapes that they reshape and expand
 * to as products and quotients of other shapes' elements, sometimes by way of floats. What is not
 * known stays a size that is not known; a symbolic one is kept where the result is certainly it.
 */
final class IndexArithmetic {
  /** Floats hold whole numbers up to here one by one. */
  private static final long LARGEST_EXACT_FLOAT = 1L << 24;

  /** The longest constant that is looked at: sizes and positions are few. */
  private static final int LONGEST = 64;

  private static final Set<DataType> FOLLOWED =
      Set.of(DataType.INT64, DataType.INT32, DataType.FLOAT, DataType.BOOL);

  private static final IndexValue UNKNOWN = IndexValue.of(Dim.unknown());

  private IndexArithmetic() {}

  static IndexValue add(IndexValue a, IndexValue b) {
    return is(a, 0) ? b : is(b, 0) ? a : known(a, b, Long::sum);
  }

  static IndexValue subtract(IndexValue a, IndexValue b) {
    return is(b, 0) ? a : known(a, b, (x, y) -> x - y);
  }

  static IndexValue multiply(IndexValue a, IndexValue b) {
    boolean zero = is(a, 0) || is(b, 0);
    return zero ? IndexValue.of(0) : is(a, 1) ? b : is(b, 1) ? a : known(a, b, (x, y) -> x * y);
  }

  /** The whole quotient, toward zero; not known where there is a remainder that floats keep. */
  private static IndexValue divide(IndexValue a, IndexValue b, boolean floats) {
    if (is(b, 1)) {
      return a;
    }
    boolean whole = a.known() && b.known() && b.value() != 0;
    return whole && !(floats && a.value() % b.value() != 0)
        ? IndexValue.of(a.value() / b.value())
        : UNKNOWN;
  }

  static IndexValue max(IndexValue a, IndexValue b) {
    return named(a) && a.equals(b) ? a : known(a, b, Math::max);
  }

  static IndexValue min(IndexValue a, IndexValue b) {
    return named(a) && a.equals(b) ? a : known(a, b, Math::min);
  }

  /** The remainder; of the divisor's sign, or with {@code fmod} of the dividend's. */
  static IndexValue remainder(IndexValue a, IndexValue b, boolean fmod) {
    return is(b, 0) ? UNKNOWN : known(a, b, (x, y) -> fmod ? x % y : Math.floorMod(x, y));
  }

  /** 1 where both are certainly equal, 0 where they are not: no size is negative. */
  static IndexValue equal(IndexValue a, IndexValue b) {
    boolean impossible = (named(a) && negative(b)) || (named(b) && negative(a));
    return impossible
        ? IndexValue.of(0)
        : named(a) && a.equals(b) ? IndexValue.of(1) : known(a, b, (x, y) -> x == y ? 1 : 0);
  }

  /** 1 or 0: how two numbers compare. */
  static BinaryOperator<IndexValue> comparison(IntPredicate order) {
    return (a, b) -> known(a, b, (x, y) -> order.test(Long.compare(x, y)) ? 1 : 0);
  }

  private static boolean negative(IndexValue a) {
    return a.known() && a.value() < 0;
  }

  private static IndexValue known(IndexValue a, IndexValue b, LongBinaryOperator rule) {
    return a.known() && b.known() ? IndexValue.of(rule.applyAsLong(a.value(), b.value())) : UNKNOWN;
  }

  private static boolean is(IndexValue a, long number) {
    return a.known() && a.value() == number;
  }

  private static boolean named(IndexValue a) {
    return a.unknown() != null && a.unknown().symbol() != null;
  }

  /** All inputs combined in order, scalars and single elements with each of the others. */
  static Optional<List<IndexValue>> fold(ShapeContext c, BinaryOperator<IndexValue> rule) {
    Optional<List<IndexValue>> result = elements(c, 0);
    for (int i = 1; i < c.node().inputs().size() && result.isPresent(); i++) {
      List<IndexValue> a = result.get();
      result = elements(c, i).map(b -> combined(a, b, rule));
    }
    return result.map(values -> narrowed(values, c.type(0)));
  }

  private static List<IndexValue> combined(
      List<IndexValue> a, List<IndexValue> b, BinaryOperator<IndexValue> rule) {
    int length = a.size() == 1 ? b.size() : a.size();
    List<IndexValue> results = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      results.add(rule.apply(a.get(a.size() == 1 ? 0 : i), b.get(b.size() == 1 ? 0 : i)));
    }
    return results;
  }

  /** The first input divided by the second. */
  static Optional<List<IndexValue>> quotient(ShapeContext c) {
    boolean floats = c.type(0) == DataType.FLOAT;
    return fold(c, (a, b) -> divide(a, b, floats));
  }

  /** The negatives of the first input. */
  static Optional<List<IndexValue>> negatives(ShapeContext c) {
    return elements(c, 0)
        .map(
            values ->
                narrowed(
                    values.stream().map(v -> subtract(IndexValue.of(0), v)).toList(), c.type(0)));
  }

  /** The first input as another type. */
  static Optional<List<IndexValue>> converted(ShapeContext c, DataType to) {
    return FOLLOWED.contains(to)
        ? elements(c, 0).map(values -> narrowed(values, to))
        : Optional.empty();
  }

  /** The elements of a vector, all of them combined into one. */
  static Optional<List<IndexValue>> total(ShapeContext c, BinaryOperator<IndexValue> rule) {
    return elements(c, 0)
        .flatMap(values -> values.stream().reduce(rule))
        .map(value -> narrowed(List.of(value), c.type(0)));
  }

  /** What is known of an input of up to one axis; whole floats count too. */
  private static Optional<List<IndexValue>> elements(ShapeContext c, int input) {
    if (c.shape(input).rank() > 1) {
      return Optional.empty();
    }
    Optional<List<IndexValue>> values = c.values(input);
    return values.isPresent() ? values : c.constant(input).flatMap(IndexArithmetic::whole);
  }

  private static Optional<List<IndexValue>> whole(Tensor constant) {
    if (constant.type() != DataType.FLOAT || constant.size() > LONGEST) {
      return Optional.empty();
    }
    List<IndexValue> numbers = new ArrayList<>();
    for (float value : constant.floats()) {
      if (value != Math.rint(value) || Math.abs(value) > LARGEST_EXACT_FLOAT) {
        return Optional.empty();
      }
      numbers.add(IndexValue.of((long) value));
    }
    return Optional.of(numbers);
  }

  private static List<IndexValue> narrowed(List<IndexValue> values, DataType type) {
    return values.stream().map(value -> value.known() ? narrowed(value, type) : value).toList();
  }

  private static IndexValue narrowed(IndexValue value, DataType type) {
    return switch (type) {
      case INT32 -> IndexValue.of((int) value.value());
      case BOOL -> IndexValue.of(value.value() == 0 ? 0 : 1);
      case FLOAT -> Math.abs(value.value()) > LARGEST_EXACT_FLOAT ? UNKNOWN : value;
      default -> value;
    };
  }
}
