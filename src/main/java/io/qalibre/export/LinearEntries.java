package io.qalibre.export;

import io.qalibre.errors.QalibreException;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.Granularity.PerBlock;
import io.qalibre.quant.TensorEncoding;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes items as the entries of version 2.0.0, in the words of ONNX QuantizeLinear. */
final class LinearEntries {
  private final ActivationCodes codes;

  LinearEntries(ActivationCodes codes) {
    this.codes = codes;
  }

  /**
   * The entry of an item that is quantized to integers.
   *
   * @throws QalibreException for LPBQ whose multiples have other bits than its codes, which this
   *     version cannot hold
   */
  Map<String, Object> entry(EncodingsItem item, TensorEncoding encoding) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("name", item.tensor());
    boolean signed = item.signed(codes);
    entry.put("output_dtype", (signed ? "int" : "uint") + encoding.bitwidth());
    if (encoding.granularity() instanceof PerBlock blocks) {
      BlockLayout layout = new BlockLayout(blocks, item.sizes().sizes());
      entry.put("axis", blocks.blockAxis());
      entry.put("block_size", blocks.blockSize());
      if (blocks.scaleBits() > 0) {
        putMultiples(entry, item, encoding, layout);
        return entry;
      }
      List<Integer> dims = layout.dims();
      List<Double> scales = encoding.grids().stream().map(Encoding::scale).toList();
      List<Long> zeros = zeroPoints(encoding, signed);
      entry.put("y_scale", BlockLayout.nest(layout.inMemory(scales), dims));
      if (anyOther(zeros)) {
        entry.put("y_zero_point", BlockLayout.nest(layout.inMemory(zeros), dims));
      }
      return entry;
    }
    putGrids(entry, encoding, zeroPoints(encoding, signed));
    // AIMET turns signed activations into unsigned ones at the end, and then names the zero point.
    if (!item.parameter() && signed != encoding.first().symmetric()) {
      entry.put("y_zero_point", zeroPoints(encoding, signed).get(0));
    }
    return entry;
  }

  private static void putGrids(
      Map<String, Object> entry, TensorEncoding encoding, List<Long> zeros) {
    if (!encoding.perChannel()) {
      entry.put("y_scale", encoding.first().scale());
      if (zeros.get(0) != 0) {
        entry.put("y_zero_point", zeros.get(0));
      }
      return;
    }
    entry.put("axis", encoding.axis());
    entry.put("y_scale", encoding.grids().stream().map(Encoding::scale).toList());
    if (anyOther(zeros)) {
      entry.put("y_zero_point", zeros);
    }
  }

  private static void putMultiples(
      Map<String, Object> entry, EncodingsItem item, TensorEncoding encoding, BlockLayout layout) {
    if (layout.granularity().scaleBits() != encoding.bitwidth()) {
      throw new QalibreException(
          "`%s`: encodings of version 2.0.0 hold LPBQ only where multiples have as many bits as codes, found %d and %d"
              .formatted(item.tensor(), layout.granularity().scaleBits(), encoding.bitwidth()));
    }
    BlockMultiples multiples = BlockMultiples.of(item.tensor(), encoding, layout);
    List<Long> inMemory = layout.inMemory(multiples.multiples());
    entry.put("per_block_int_scale", BlockLayout.nest(inMemory, layout.dims()));
    entry.put("per_channel_float_scale", BlockLayout.nest(multiples.units(), layout.channelDims()));
  }

  private static List<Long> zeroPoints(TensorEncoding encoding, boolean signed) {
    long middle = signed ? 1L << (encoding.bitwidth() - 1) : 0;
    return encoding.grids().stream().map(grid -> -grid.offset() - middle).toList();
  }

  private static boolean anyOther(List<Long> zeros) {
    return zeros.stream().anyMatch(zero -> zero != 0);
  }
}
