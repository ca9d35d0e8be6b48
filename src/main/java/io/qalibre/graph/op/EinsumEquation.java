package io.qalibre.graph.op;

import io.qalibre.graph.Dim;
import io.qalibre.graph.TensorShape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The equation of Einsum, such as {@code bij,bjk->bik}: a letter for each axis, three dots for axes
 * that broadcast.
 *
 * @param operands the letters of each operand
 * @param result the letters of what comes out; those that occur once, in order, where the equation
 *     does not say
 */
record EinsumEquation(List<String> operands, String result) {
  private static final String DOTS = "...";
  private static final Pattern TERM = Pattern.compile("[A-Za-z]*(\\.\\.\\.)?[A-Za-z]*");

  /**
   * The equation of a node.
   *
   * @throws io.qalibre.errors.QalibreException if it is none, or does not go with the inputs
   */
  static EinsumEquation of(NodeContext c) {
    String equation = c.attributes().text("equation", "").replace(" ", "");
    String[] sides = equation.split("->", -1);
    List<String> operands = List.of(sides[0].split(",", -1));
    boolean formed =
        sides.length <= 2
            && operands.stream().allMatch(o -> TERM.matcher(o).matches())
            && TERM.matcher(sides[sides.length - 1].replace(",", "")).matches();
    if (!formed || operands.size() != c.node().inputs().size()) {
      throw c.error(
          "expected an equation of %d operands, found `%s`"
              .formatted(c.node().inputs().size(), equation));
    }
    return new EinsumEquation(operands, sides.length == 2 ? sides[1] : implied(operands));
  }

  private static String implied(List<String> operands) {
    String all = String.join("", operands);
    Map<Character, Long> counts =
        all.chars()
            .filter(Character::isLetter)
            .mapToObj(letter -> (char) letter)
            .collect(Collectors.groupingBy(l -> l, TreeMap::new, Collectors.counting()));
    String once =
        counts.entrySet().stream()
            .filter(e -> e.getValue() == 1)
            .map(e -> e.getKey().toString())
            .collect(Collectors.joining());
    return (all.contains(DOTS) ? DOTS : "") + once;
  }

  /** The equation in full. */
  String text() {
    return String.join(",", operands) + "->" + result;
  }

  /** The shape that comes out. */
  TensorShape shape(ShapeContext c) {
    Sizes sizes = sizes(c);
    List<Dim> dims = new ArrayList<>();
    for (char letter : result.replace(DOTS, ".").toCharArray()) {
      if (letter == '.') {
        dims.addAll(sizes.broadcast().dims());
      } else if (sizes.letters().containsKey(letter)) {
        dims.add(sizes.letters().get(letter));
      } else {
        throw c.error("`%s` of the result is in no operand of `%s`".formatted(letter, text()));
      }
    }
    return new TensorShape(dims);
  }

  /** A multiplication for each combination of positions, where two operands or more meet. */
  long macs(ShapeContext c) {
    if (operands.size() < 2) {
      return 0;
    }
    Sizes sizes = sizes(c);
    List<Dim> all = new ArrayList<>(sizes.letters().values());
    all.addAll(sizes.broadcast().dims());
    return MatrixOperators.products(c, new TensorShape(all), operands.size() - 1L);
  }

  /**
   * What the operands say.
   *
   * @param letters the size of each letter's axis
   * @param broadcast the axes that the dots stand for
   */
  private record Sizes(Map<Character, Dim> letters, TensorShape broadcast) {}

  private Sizes sizes(ShapeContext c) {
    Map<Character, Dim> letters = new LinkedHashMap<>();
    TensorShape broadcast = new TensorShape(List.of());
    for (int i = 0; i < operands.size(); i++) {
      String term = operands.get(i);
      TensorShape shape = c.shape(i);
      int free = shape.rank() - term.replace(DOTS, "").length();
      int dots = term.indexOf(DOTS);
      if (free < 0 || (free > 0 && dots < 0)) {
        throw c.error("`%s` of `%s` does not go with %s".formatted(term, text(), shape));
      }
      if (dots >= 0) {
        broadcast =
            ElementwiseOperators.broadcast(
                c, broadcast, new TensorShape(shape.dims().subList(dots, dots + free)));
      }
      for (int j = 0; j < term.length(); j++) {
        if (dots < 0 || j < dots || j >= dots + 3) {
          Dim dim = shape.dim(dots >= 0 && j > dots ? j - 3 + free : j);
          letters.merge(term.charAt(j), dim, (a, b) -> same(c, a, b));
        }
      }
    }
    return new Sizes(letters, broadcast);
  }

  private Dim same(NodeContext c, Dim a, Dim b) {
    boolean widens = a.known() && a.size() == 1;
    if (a.known() && b.known() && a.size() != b.size() && !widens && b.size() != 1) {
      throw c.error("a letter of `%s` stands for %s and for %s".formatted(text(), a, b));
    }
    return widens || !a.known() ? b : a;
  }
}
