package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Symmetry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** What holds for encodings files whatever the order of their keys and whatever happens to them. */
class EncodingsReader_properties_Test {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Graph PLACED = EncodedLayers.placed(Symmetry.ASYMMETRIC);
  private static final Simulation SIMULATION = EncodedLayers.encoded(PLACED);

  private static Path file;

  @BeforeContainer
  static void makeFile() throws IOException {
    file = Files.createTempFile("net", ".encodings");
  }

  @AfterContainer
  static void deleteFile() throws IOException {
    Files.delete(file);
  }

  @Property(tries = 60, seed = "11")
  void any_order_of_keys_gives_the_equal_simulation(
      @ForAll EncodingsVersion version, @ForAll boolean integerBias, @ForAll long seed)
      throws IOException {
    JsonNode shuffled = shuffled(JSON.readTree(text(version, integerBias)), new Random(seed));
    Files.writeString(file, shuffled.toString());

    assertThat(EncodingsReader.read(file, PLACED)).isEqualTo(SIMULATION);
  }

  @Property(tries = 150, seed = "12")
  void a_file_that_is_cut_off_is_refused(
      @ForAll EncodingsVersion version, @ForAll @IntRange(max = 1_000_000) int at) {
    byte[] bytes = text(version, true).getBytes(StandardCharsets.UTF_8);

    Throwable thrown = read(Arrays.copyOf(bytes, at % bytes.length), EncodingsFit.STRICT);

    assertThat(thrown).isInstanceOf(EncodingsFormatException.class);
  }

  @Property(tries = 400, seed = "13")
  void changed_bytes_give_a_simulation_or_the_named_error(
      @ForAll EncodingsVersion version,
      @ForAll EncodingsFit fit,
      @ForAll @Size(min = 1, max = 3) List<@IntRange(max = 1_000_000) Integer> positions,
      @ForAll byte change) {
    byte[] bytes = text(version, true).getBytes(StandardCharsets.UTF_8);
    positions.forEach(position -> bytes[position % bytes.length] = change);

    Throwable thrown = read(bytes, fit);

    if (thrown != null) {
      assertThat(thrown).isExactlyInstanceOf(EncodingsFormatException.class);
    }
  }

  @Property(tries = 300, seed = "14")
  void changed_values_give_a_simulation_or_the_named_error(
      @ForAll EncodingsVersion version,
      @ForAll EncodingsFit fit,
      @ForAll @IntRange(max = 1_000_000) int which,
      @ForAll Odd odd)
      throws IOException {
    JsonNode root = JSON.readTree(text(version, true));
    List<Runnable> changes = new ArrayList<>();
    collect(root, JSON.readTree(odd.json), changes);
    changes.get(which % changes.size()).run();

    Throwable thrown = read(root.toString().getBytes(StandardCharsets.UTF_8), fit);

    if (thrown != null) {
      assertThat(thrown).isExactlyInstanceOf(EncodingsFormatException.class);
    }
  }

  /** Values that no field of a file should have, or seldom. */
  enum Odd {
    NULL("null"),
    TRUE("true"),
    LARGE("1e300"),
    NEGATIVE("-7"),
    ZERO("0"),
    ONE("1"),
    FRACTION("0.5"),
    LONG("99999999999999999999"),
    TEXT("\"int4\""),
    WORD("\"PER_BLOCK\""),
    EMPTY_LIST("[]"),
    LISTS("[[[1]]]"),
    EMPTY_OBJECT("{}");

    private final String json;

    Odd(String json) {
      this.json = json;
    }
  }

  private static Throwable read(byte[] bytes, EncodingsFit fit) {
    try {
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return catchThrowable(() -> EncodingsReader.read(file, PLACED, fit));
  }

  private static String text(EncodingsVersion version, boolean integerBias) {
    return EncodingsWriter.write(
        SIMULATION, ExportOptions.DEFAULT.withEncodings(version).withIntegerBias(integerBias));
  }

  private static JsonNode shuffled(JsonNode node, Random random) {
    if (node.isObject()) {
      List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(node.properties());
      Collections.shuffle(fields, random);
      ObjectNode object = JSON.createObjectNode();
      fields.forEach(field -> object.set(field.getKey(), shuffled(field.getValue(), random)));
      return object;
    }
    if (node.isArray()) {
      ArrayNode array = JSON.createArrayNode();
      node.forEach(element -> array.add(shuffled(element, random)));
      return array;
    }
    return node;
  }

  /** Collects for each place in a tree how to put a value there. */
  private static void collect(JsonNode node, JsonNode value, List<Runnable> changes) {
    if (node instanceof ObjectNode object) {
      for (Map.Entry<String, JsonNode> field : List.copyOf(object.properties())) {
        changes.add(() -> object.set(field.getKey(), value));
        collect(field.getValue(), value, changes);
      }
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        int index = i;
        changes.add(() -> array.set(index, value));
        collect(array.get(i), value, changes);
      }
    }
  }
}
