package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Granularity.PerBlock;
import io.qalibre.quant.Granularity.PerChannel;
import io.qalibre.quant.NumberFormat;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.quant.Symmetry;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reconfigures quantizers as their entries are. */
record EntryFitter(Graph graph) {
  /**
   * What a quantizer has to be so that an entry fits.
   *
   * @return nothing where no quantizer of that tensor can be so
   */
  Optional<QuantizerSpec> fitted(QuantizerNode node, EncodingsEntry entry) {
    QuantizerSpec spec = node.spec();
    if (entry.format().floating()) {
      return Optional.of(
          spec.withFormat(NumberFormat.FLOAT16).withGranularity(Granularity.PER_TENSOR));
    }
    NumberFormat format =
        NumberFormat.integer(entry.format().bitwidth()).withRounding(spec.format().rounding());
    return granularity(node, entry.division())
        .map(
            granularity ->
                spec.withFormat(format)
                    .withSymmetry(symmetry(spec.symmetry(), entry))
                    .withGranularity(granularity));
  }

  private static Symmetry symmetry(Symmetry own, EncodingsEntry entry) {
    List<Long> offsets = entry.numbers().offsets();
    int bits = entry.format().bitwidth();
    @Nullable Boolean said = entry.symmetric();
    boolean fits = EntryDecoder.fits(own, offsets, bits);
    if (said == null) {
      return fits ? own : Symmetry.ASYMMETRIC;
    }
    if (!said) {
      return Symmetry.ASYMMETRIC;
    }
    return own.symmetric() && fits ? own : EntryDecoder.symmetry(offsets, bits);
  }

  private Optional<Granularity> granularity(QuantizerNode node, Division division) {
    long[] sizes = EntryMatcher.sizes(graph, node);
    Granularity own = node.spec().granularity();
    if (sizes.length > 0 && own != Granularity.PER_TENSOR && division.fits(own, sizes)) {
      return Optional.of(own);
    }
    return switch (division.form()) {
      case TENSOR -> Optional.of(Granularity.PER_TENSOR);
      case SOME_PART ->
          division.dims().get(0) == 1
              ? Optional.of(Granularity.PER_TENSOR)
              : channels(node, division, sizes).or(() -> someBlocks(node, division, sizes));
      case CHANNEL -> channels(node, division, sizes);
      case BLOCK -> blocks(node, division, sizes);
    };
  }

  private Optional<Granularity> channels(QuantizerNode node, Division division, long[] sizes) {
    if (sizes.length == 0) {
      return Optional.empty();
    }
    int axis =
        division.axis() == Division.NOT_SAID
            ? axes(node, sizes).map(WeightAxes::channel).orElse(sizes.length - 1)
            : Math.floorMod(division.axis(), sizes.length);
    return fitting(Optional.of(new PerChannel(axis)), division, sizes);
  }

  private Optional<Granularity> blocks(QuantizerNode node, Division division, long[] sizes) {
    Optional<Granularity> blocks =
        axes(node, sizes)
            .map(
                axes ->
                    new PerBlock(
                        axes.channel(), axes.block(), division.blockSize(), division.scaleBits()));
    return fitting(blocks, division, sizes);
  }

  /** Version 0.6.1 does not say how long blocks are: as long as so many are. */
  private Optional<Granularity> someBlocks(QuantizerNode node, Division division, long[] sizes) {
    int count = division.dims().get(0);
    Optional<Granularity> blocks =
        axes(node, sizes)
            .filter(axes -> count % sizes[axes.channel()] == 0)
            .filter(axes -> sizes[axes.block()] % (count / sizes[axes.channel()]) == 0)
            .map(axes -> blocks(axes, count, sizes));
    return fitting(blocks, division, sizes);
  }

  private static PerBlock blocks(WeightAxes axes, int count, long[] sizes) {
    long blocks = count / sizes[axes.channel()];
    return new PerBlock(axes.channel(), axes.block(), (int) (sizes[axes.block()] / blocks), 0);
  }

  private static Optional<Granularity> fitting(
      Optional<? extends Granularity> granularity, Division division, long[] sizes) {
    return granularity
        .filter(some -> dividesWhole(some, sizes) && division.fits(some, sizes))
        .map(some -> some);
  }

  private static boolean dividesWhole(Granularity granularity, long[] sizes) {
    return !(granularity instanceof PerBlock blocks)
        || sizes[blocks.blockAxis()] % blocks.blockSize() == 0;
  }

  /** The axes of the operator that reads a weight. */
  private Optional<WeightAxes> axes(QuantizerNode node, long[] sizes) {
    if (sizes.length < 2) {
      return Optional.empty();
    }
    for (Node reader : graph.consumers(node.output())) {
      if (reader instanceof OperatorNode operator) {
        return WeightAxes.of(operator, sizes.length);
      }
    }
    return Optional.empty();
  }
}
