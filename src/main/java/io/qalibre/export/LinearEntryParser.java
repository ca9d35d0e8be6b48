package io.qalibre.export;

import io.qalibre.export.Division.Form;
import io.qalibre.export.EncodingsEntry.Numbers;
import io.qalibre.quant.NumberFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the entries of version 2.0.0. */
final class LinearEntryParser {
  private static final Pattern CODES = Pattern.compile("(u?)int([1-9]\\d?)");

  /** More axes than a weight has; a deeper list is refused before it is gone into. */
  private static final int MOST_AXES = 8;

  private static final Set<String> KEYS =
      Set.of(
          "axis",
          "block_size",
          "name",
          "output_dtype",
          "per_block_int_scale",
          "per_channel_float_scale",
          "y_scale",
          "y_zero_point");

  private LinearEntryParser() {}

  static Map<String, EncodingsEntry> list(JsonPlace section) {
    return section.byName(LinearEntryParser::entry);
  }

  private static EncodingsEntry entry(JsonPlace place) {
    place.requireFields(KEYS);
    JsonPlace type = place.get("output_dtype");
    Matcher codes = CODES.matcher(type.text("a type of codes, such as uint8"));
    int bits = codes.matches() ? Integer.parseInt(codes.group(2)) : 0;
    if (bits < ItemEntryParser.LEAST_BITS || bits > ItemEntryParser.MOST_BITS) {
      throw type.error("int or uint with 2 to 32 bits");
    }
    boolean signed = codes.group(1).isEmpty();
    if (place.node().has("per_block_int_scale")) {
      return multiples(place, bits);
    }
    List<JsonPlace> scales = new ArrayList<>();
    List<Integer> dims = flatten(place.get("y_scale"), scales);
    Numbers numbers =
        new Numbers(
            scales.stream().map(JsonPlace::positive).toList(),
            offsets(place, scales.size(), dims, signed ? 1L << (bits - 1) : 0),
            List.of());
    // A signed type is a symmetric quantizer's, unless it was asked for.
    Boolean symmetric = signed && middle(numbers.offsets(), bits) ? Boolean.TRUE : null;
    return new EncodingsEntry(
        place.path(), NumberFormat.integer(bits), symmetric, division(place, dims), numbers);
  }

  private static boolean middle(List<Long> offsets, int bits) {
    return offsets.stream().allMatch(offset -> offset == -(1L << (bits - 1)));
  }

  private static Division division(JsonPlace place, List<Integer> dims) {
    if (dims.isEmpty()) {
      return Division.whole();
    }
    int axis = axis(place);
    return place.node().has("block_size")
        ? new Division(Form.BLOCK, dims, axis, ItemEntryParser.blockSize(place), 0)
        : new Division(Form.CHANNEL, dims, axis, 0, 0);
  }

  private static int axis(JsonPlace place) {
    return place.get("axis").integer(-MOST_AXES, MOST_AXES, "as an axis");
  }

  private static EncodingsEntry multiples(JsonPlace place, int bits) {
    List<JsonPlace> multiples = new ArrayList<>();
    List<Integer> dims = flatten(place.get("per_block_int_scale"), multiples);
    List<JsonPlace> units = new ArrayList<>();
    flatten(place.get("per_channel_float_scale"), units);
    Numbers numbers =
        new Numbers(
            multiples.stream().map(JsonPlace::positive).toList(),
            Collections.nCopies(multiples.size(), -(1L << (bits - 1))),
            units.stream().map(JsonPlace::positive).toList());
    Division division =
        new Division(Form.BLOCK, dims, axis(place), ItemEntryParser.blockSize(place), bits);
    return new EncodingsEntry(place.path(), NumberFormat.integer(bits), true, division, numbers);
  }

  private static List<Long> offsets(JsonPlace place, int count, List<Integer> dims, long middle) {
    if (!place.node().has("y_zero_point")) {
      return Collections.nCopies(count, -middle);
    }
    List<JsonPlace> zeros = new ArrayList<>();
    JsonPlace zeroPoints = place.get("y_zero_point");
    if (!flatten(zeroPoints, zeros).equals(dims)) {
      throw zeroPoints.error("a zero point for each of the scales of " + dims);
    }
    return zeros.stream().map(zero -> -zero.whole() - middle).toList();
  }

  /** Collects the numbers of lists in lists, which have to be of equal sizes. */
  private static List<Integer> flatten(JsonPlace place, List<JsonPlace> numbers) {
    List<Integer> dims = new ArrayList<>();
    List<JsonPlace> level = List.of(place);
    while (level.get(0).node().isArray()) {
      int size = level.get(0).node().size();
      List<JsonPlace> next = new ArrayList<>();
      for (JsonPlace list : level) {
        if (!list.node().isArray() || list.node().size() != size) {
          throw list.error("a list of " + size);
        }
        next.addAll(list.elements());
      }
      if (size == 0 || dims.size() == MOST_AXES) {
        throw level.get(0).error("lists of numbers, one for each axis");
      }
      dims.add(size);
      level = next;
    }
    numbers.addAll(level);
    return dims;
  }
}
