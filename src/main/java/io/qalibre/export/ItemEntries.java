package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity.PerBlock;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Writes items as the entries of versions 0.6.1 and 1.0.0, whose offsets are in the unsigned view.
 */
final class ItemEntries {
  private ItemEntries() {}

  /**
   * The entry of version 0.6.1: a list with an object for each grid.
   *
   * @throws QalibreException for LPBQ, which this version cannot hold
   */
  static List<Object> list(EncodingsItem item) {
    TensorEncoding encoding = item.encoding();
    if (encoding == null) {
      return List.of(new LinkedHashMap<>(Map.of("bitwidth", 16, "dtype", "float")));
    }
    List<Encoding> grids = encoding.grids();
    if (encoding.granularity() instanceof PerBlock blocks) {
      if (blocks.scaleBits() > 0) {
        throw new QalibreException(
            "`"
                + item.tensor()
                + "`: low-power blockwise quantization (LPBQ) cannot be written in encodings of"
                + " version 0.6.1; expected version 1.0.0 or 2.0.0");
      }
      grids = new BlockLayout(blocks, item.sizes().sizes()).inMemory(grids);
    }
    return new ArrayList<>(grids.stream().map(ItemEntries::object).toList());
  }

  private static Map<String, Object> object(Encoding grid) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("bitwidth", grid.bitwidth());
    object.put("dtype", "int");
    object.put("is_symmetric", grid.symmetric() ? "True" : "False");
    // AIMET's maximum is that of all 2^bitwidth codes, also where a strict grid leaves one out.
    object.put("max", grid.scale() * (grid.offset() + (1L << grid.bitwidth()) - 1));
    object.put("min", grid.scale() * grid.offset());
    object.put("offset", (double) grid.offset());
    object.put("scale", grid.scale());
    return object;
  }

  /** The entry of version 1.0.0. */
  static Map<String, Object> object(EncodingsItem item) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("name", item.tensor());
    TensorEncoding encoding = item.encoding();
    if (encoding == null) {
      entry.putAll(Map.of("bw", 16, "dtype", "FLOAT", "enc_type", "PER_TENSOR"));
      return entry;
    }
    entry.put("bw", encoding.bitwidth());
    entry.put("dtype", "INT");
    entry.put("is_sym", encoding.first().symmetric());
    if (encoding.granularity() instanceof PerBlock blocks) {
      BlockLayout layout = new BlockLayout(blocks, item.sizes().sizes());
      entry.put("block_size", blocks.blockSize());
      if (blocks.scaleBits() > 0) {
        putMultiples(entry, item, layout);
      } else {
        entry.put("enc_type", "PER_BLOCK");
        entry.put("offset", inOrder(layout, values(encoding, g -> (double) g.offset())));
        entry.put("scale", inOrder(layout, values(encoding, Encoding::scale)));
      }
    } else {
      entry.put("enc_type", encoding.perChannel() ? "PER_CHANNEL" : "PER_TENSOR");
      entry.put("offset", values(encoding, g -> (double) g.offset()));
      entry.put("scale", values(encoding, Encoding::scale));
    }
    return entry;
  }

  private static void putMultiples(
      Map<String, Object> entry, EncodingsItem item, BlockLayout layout) {
    TensorEncoding encoding = Objects.requireNonNull(item.encoding());
    BlockMultiples multiples = BlockMultiples.of(item.tensor(), encoding, layout);
    int bits = encoding.bitwidth() + layout.granularity().scaleBits();
    entry.put("enc_type", "LPBQ");
    entry.put("compressed_bw", encoding.bitwidth());
    entry.put("bw", bits);
    entry.put("offset", Collections.nCopies(layout.channels(), -(1L << (bits - 1))));
    entry.put("scale", multiples.units());
    entry.put("per_block_int_scale", inOrder(layout, multiples.multiples()));
  }

  private static <T> List<T> inOrder(BlockLayout layout, List<T> byChannel) {
    return layout.turned() ? byChannel : layout.inMemory(byChannel);
  }

  private static <T> List<T> values(TensorEncoding encoding, Function<Encoding, T> value) {
    return encoding.grids().stream().map(value).toList();
  }
}
