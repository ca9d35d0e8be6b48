package io.qalibre.export;

import io.qalibre.export.Division.Form;
import io.qalibre.export.EncodingsEntry.Numbers;
import io.qalibre.quant.NumberFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the entries of versions 0.6.1 and 1.0.0. */
final class ItemEntryParser {
  static final int LEAST_BITS = 2;
  static final int MOST_BITS = 32;

  private static final Set<String> GRID_KEYS =
      Set.of("bitwidth", "dtype", "is_symmetric", "max", "min", "offset", "scale");
  private static final Set<String> ENTRY_KEYS =
      Set.of(
          "block_size",
          "bw",
          "compressed_bw",
          "dtype",
          "enc_type",
          "is_sym",
          "name",
          "offset",
          "per_block_int_scale",
          "scale",
          "zero_point_shift");

  private ItemEntryParser() {}

  /** A section of version 0.6.1: an object from tensor to a list of grids. */
  static Map<String, EncodingsEntry> dictionary(JsonPlace section) {
    Map<String, EncodingsEntry> entries = new LinkedHashMap<>();
    for (String tensor : section.fields()) {
      entries.put(tensor, grids(section.get(tensor)));
    }
    return entries;
  }

  private static EncodingsEntry grids(JsonPlace place) {
    List<JsonPlace> grids = place.elements();
    if (grids.isEmpty()) {
      throw place.error("a list of at least one object");
    }
    JsonPlace first = grids.get(0);
    grids.forEach(grid -> grid.requireFields(GRID_KEYS));
    if (first.get("dtype").word(List.of("int", "float")).equals("float")) {
      first.get("bitwidth").integer(16, 16, "bits");
      return EncodingsEntry.float16(place.path());
    }
    int bits = bits(first.get("bitwidth"));
    boolean symmetric = word(first.get("is_symmetric"));
    for (JsonPlace grid : grids) {
      grid.get("dtype").word(List.of("int"));
      if (grid.get("bitwidth").node().asInt() != bits) {
        throw grid.get("bitwidth").error(bits + " bits, as the first grid");
      }
      if (word(grid.get("is_symmetric")) != symmetric) {
        throw grid.get("is_symmetric").error("the same as the first grid's");
      }
    }
    Numbers numbers =
        new Numbers(
            grids.stream().map(grid -> grid.get("scale").positive()).toList(),
            grids.stream().map(grid -> grid.get("offset").whole()).toList(),
            List.of());
    Division division =
        new Division(Form.SOME_PART, List.of(grids.size()), Division.NOT_SAID, 0, 0);
    return new EncodingsEntry(
        place.path(), NumberFormat.integer(bits), symmetric, division, numbers);
  }

  private static boolean word(JsonPlace place) {
    return place.word(List.of("True", "False")).equals("True");
  }

  private static int bits(JsonPlace place) {
    return place.integer(LEAST_BITS, MOST_BITS, "bits");
  }

  /** A section of version 1.0.0: a list of objects with a name. */
  static Map<String, EncodingsEntry> list(JsonPlace section) {
    return section.byName(ItemEntryParser::entry);
  }

  private static EncodingsEntry entry(JsonPlace place) {
    place.requireFields(ENTRY_KEYS);
    place
        .find("zero_point_shift")
        .ifPresent(
            shift -> {
              throw shift.error("none, it is not read yet");
            });
    if (place.get("dtype").word(List.of("INT", "FLOAT")).equals("FLOAT")) {
      place.get("bw").integer(16, 16, "bits");
      return EncodingsEntry.float16(place.path());
    }
    String type =
        place.get("enc_type").word(List.of("PER_TENSOR", "PER_CHANNEL", "PER_BLOCK", "LPBQ"));
    int bits = bits(place.get("bw"));
    boolean symmetric = place.get("is_sym").truth();
    if (type.equals("LPBQ")) {
      return multiples(place, bits, symmetric);
    }
    Numbers numbers = new Numbers(scales(place.get("scale")), offsets(place), List.of());
    requireAsMany(place, numbers.scales().size(), numbers.offsets().size(), "offsets as scales");
    List<Integer> count = List.of(numbers.scales().size());
    Division division =
        switch (type) {
          case "PER_TENSOR" -> Division.whole();
          case "PER_CHANNEL" -> new Division(Form.CHANNEL, count, Division.NOT_SAID, 0, 0);
          default -> new Division(Form.BLOCK, count, Division.NOT_SAID, blockSize(place), 0);
        };
    if (division.form() == Form.TENSOR && numbers.scales().size() != 1) {
      throw place.get("scale").error("one scale");
    }
    return new EncodingsEntry(
        place.path(), NumberFormat.integer(bits), symmetric, division, numbers);
  }

  private static EncodingsEntry multiples(JsonPlace place, int bits, boolean symmetric) {
    int codeBits = place.get("compressed_bw").integer(LEAST_BITS, bits - 1, "bits");
    List<Double> units = scales(place.get("scale"));
    List<Long> offsets = offsets(place);
    requireAsMany(place, units.size(), offsets.size(), "offsets as scales");
    // The offsets are those of the codes once they are multiplied.
    for (int i = 0; i < offsets.size(); i++) {
      if (offsets.get(i) != -(1L << (bits - 1))) {
        throw place.get("offset").elements().get(i).error(String.valueOf(-(1L << (bits - 1))));
      }
    }
    List<Double> multiples =
        place.get("per_block_int_scale").elements().stream().map(JsonPlace::positive).toList();
    List<Long> codeOffsets = multiples.stream().map(multiple -> -(1L << (codeBits - 1))).toList();
    Division division =
        new Division(
            Form.BLOCK,
            List.of(multiples.size()),
            Division.NOT_SAID,
            blockSize(place),
            bits - codeBits);
    return new EncodingsEntry(
        place.path(),
        NumberFormat.integer(codeBits),
        symmetric,
        division,
        new Numbers(multiples, codeOffsets, units));
  }

  static int blockSize(JsonPlace place) {
    return place.get("block_size").integer(1, Integer.MAX_VALUE, "as the length of a block");
  }

  private static List<Double> scales(JsonPlace place) {
    List<Double> scales = place.elements().stream().map(JsonPlace::positive).toList();
    if (scales.isEmpty()) {
      throw place.error("at least one scale");
    }
    return scales;
  }

  private static List<Long> offsets(JsonPlace place) {
    return place.get("offset").elements().stream().map(JsonPlace::whole).toList();
  }

  static void requireAsMany(JsonPlace place, int expected, int found, String what) {
    if (expected != found) {
      throw new EncodingsFormatException(
          place.file(),
          "%s: expected as many %s, found %d and %d"
              .formatted(place.path(), what, found, expected));
    }
  }
}
