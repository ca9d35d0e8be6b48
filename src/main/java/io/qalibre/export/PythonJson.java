package io.qalibre.export;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes JSON to the letter as Python's {@code json.dump(value, file, sort_keys=True, indent=4)}
 * does, so that files can be compared with those of AIMET: keys in order of code points, what is
 * not ASCII escaped, and floats in the shortest digits that give the same double.
 */
final class PythonJson {
  private static final Comparator<String> CODE_POINTS =
      Comparator.comparing(text -> text.codePoints().toArray(), Arrays::compare);

  /** Doubles with an exponent from here to {@link #LARGEST} are written without one. */
  private static final int SMALLEST = -4;

  private static final int LARGEST = 15;

  private final StringBuilder text = new StringBuilder();

  private PythonJson() {}

  /**
   * The text of a value.
   *
   * @param value a map with texts as keys, a list, a text, a truth value, or a number: a Long,
   *     Integer or normal Double
   */
  static String text(Object value) {
    PythonJson writer = new PythonJson();
    writer.write(value, "\n");
    return writer.text.toString();
  }

  private void write(Object value, String line) {
    if (value instanceof Map<?, ?> map) {
      writeMap(map, line);
    } else if (value instanceof List<?> list) {
      writeList(list, line);
    } else if (value instanceof String string) {
      writeText(string);
    } else if (value instanceof Double number) {
      text.append(number(number));
    } else {
      text.append(value);
    }
  }

  private void writeMap(Map<?, ?> map, String line) {
    Map<String, Object> sorted = new TreeMap<>(CODE_POINTS);
    map.forEach((key, value) -> sorted.put((String) key, value));
    Iterator<Map.Entry<String, Object>> entries = sorted.entrySet().iterator();
    String inner = line + "    ";
    text.append('{');
    while (entries.hasNext()) {
      Map.Entry<String, Object> entry = entries.next();
      text.append(inner);
      writeText(entry.getKey());
      text.append(": ");
      write(entry.getValue(), inner);
      text.append(entries.hasNext() ? "," : line);
    }
    text.append('}');
  }

  private void writeList(List<?> list, String line) {
    String inner = line + "    ";
    text.append('[');
    for (int i = 0; i < list.size(); i++) {
      text.append(i == 0 ? "" : ",").append(inner);
      write(list.get(i), inner);
    }
    text.append(list.isEmpty() ? "]" : line + "]");
  }

  private void writeText(String value) {
    text.append('"');
    for (char c : value.toCharArray()) {
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        case '\b' -> text.append("\\b");
        case '\f' -> text.append("\\f");
        default -> {
          if (c < ' ' || c > '~') {
            text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }

  /** Python's repr of a float. */
  static String number(double value) {
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal shortest = shortest(value);
    String digits = shortest.unscaledValue().abs().toString();
    int exponent = digits.length() - 1 - shortest.scale();
    String sign = value < 0 ? "-" : "";
    if (exponent < SMALLEST || exponent > LARGEST) {
      String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
      String power = (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "");
      return sign + digits.charAt(0) + fraction + "e" + power + Math.abs(exponent);
    }
    String plain = shortest.abs().toPlainString();
    return sign + (plain.contains(".") ? plain : plain + ".0");
  }

  /** A double has at least 15 digits and is told apart from its neighbours by 17. */
  private static BigDecimal shortest(double value) {
    BigDecimal exact = new BigDecimal(value);
    for (int digits = 15; digits < 17; digits++) {
      BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
      if (rounded.doubleValue() == value) {
        return rounded.stripTrailingZeros();
      }
    }
    return exact.round(new MathContext(17, RoundingMode.HALF_EVEN)).stripTrailingZeros();
  }
}
