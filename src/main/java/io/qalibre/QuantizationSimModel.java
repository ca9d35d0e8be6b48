package io.qalibre;

import ai.djl.training.dataset.Dataset;
import io.qalibre.engine.Calibrator;
import io.qalibre.export.EncodingsFit;
import io.qalibre.export.EncodingsReader;
import io.qalibre.export.IntegerBiases;
import io.qalibre.export.OverflowGuard;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.QuantizerSpec;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.nio.file.Path;
import java.util.Locale;
import tech.tablesaw.api.Table;

/** A network with quantizers placed, whose ranges are not known yet. */
public final class QuantizationSimModel implements Viewable {
  private final Network network;
  private final Graph graph;
  private final String source;
  private final boolean integerBias;

  QuantizationSimModel(Network network, QuantConfig config) {
    this(
        network,
        config.place(network.graph()),
        config.config().name(),
        config.config().integerBias());
  }

  /**
   * A network whose quantizers are placed already.
   *
   * @param network the float network
   * @param graph the same with quantizers
   * @param source what placed them: a config's name, or a file's
   * @param integerBias whether the target adds biases in int32
   */
  QuantizationSimModel(Network network, Graph graph, String source, boolean integerBias) {
    this.network = network;
    this.graph = graph;
    this.source = source;
    this.integerBias = integerBias;
  }

  /** The graph with its quantizers. */
  public Graph graph() {
    return graph;
  }

  Network network() {
    return network;
  }

  /** The same placement on another form of the network. */
  QuantizationSimModel of(Network changed, Graph placed) {
    return new QuantizationSimModel(changed, placed, source, integerBias);
  }

  /** A row a quantizer: what it quantizes, how, and the rules that decided. */
  public Table quantizers() {
    return Tables.of("Quantizers by " + source, graph.quantizers())
        .text("tensor", QuantizerNode::tensor)
        .text("kind", q -> q.placement().kind().name().toLowerCase(Locale.ROOT))
        .text("operator", q -> q.placement().operator())
        .integer("bitwidth", q -> q.spec().bitwidth())
        .text("format", q -> q.spec().format().label())
        .text("scheme", q -> q.spec().format().floating() ? "" : q.spec().scheme().toString())
        .flag("symmetric", q -> q.spec().symmetry().symmetric())
        .text("granularity", q -> granularity(q.spec()))
        .flag("enabled", QuantizerNode::enabled)
        .text("rule", q -> q.placement().rule())
        .build();
  }

  /** Such as {@code per channel (axis 0)}; empty for floats, which have no grid. */
  private static String granularity(QuantizerSpec spec) {
    if (spec.format().floating()) {
      return "";
    }
    if (spec.granularity() instanceof Granularity.PerBlock blocks) {
      String multiples =
          blocks.scaleBits() == 0 ? "" : ", scales of %d bits".formatted(blocks.scaleBits());
      return "per block of %d (axes %d, %d%s)"
          .formatted(blocks.blockSize(), blocks.axis(), blocks.blockAxis(), multiples);
    }
    return spec.perChannel() ? "per channel (axis %d)".formatted(spec.axis()) : "per tensor";
  }

  /**
   * Finds the range of every quantizer: of parameters from their values, of activations from
   * samples, while parameters are quantized already.
   *
   * @param samples inputs as the network will see them, some hundreds; labels are not looked at
   * @throws io.qalibre.errors.QalibreException if there is no sample, one does not fit, or a tensor
   *     holds NaN
   */
  public QuantizedNetwork computeEncodings(Dataset samples) {
    Calibrator.Result result = Calibrator.calibrate(graph, samples);
    return encoded(result.simulation(), new Calibration(result.statistics()));
  }

  /**
   * Finds the range of every quantizer from what activations' quantizers have seen before: one
   * calibration serves all schemes, bitwidths and symmetries.
   *
   * @param calibration what {@link #calibrate} gave, of this network and the same quantizers of
   *     activations; where the weights' quantizers differ, the activations seen differ slightly
   * @throws io.qalibre.errors.QalibreException if it lacks a quantizer, or a parameter holds NaN
   */
  public QuantizedNetwork computeEncodings(Calibration calibration) {
    return encoded(Calibrator.encode(graph, calibration.statistics()), calibration);
  }

  private QuantizedNetwork encoded(Simulation encoded, Calibration calibration) {
    String done = enabled() + " encodings by " + source;
    return new QuantizedNetwork(
        this,
        asOnTarget(OverflowGuard.apply(encoded)),
        calibration,
        Step.append(network.steps(), new Step("computeEncodings", done)));
  }

  /**
   * Collects what the quantizers of activations see, while parameters are quantized.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws io.qalibre.errors.QalibreException if there is no sample, one does not fit, or a tensor
   *     holds NaN
   */
  public Calibration calibrate(Dataset samples) {
    return calibrate(samples, Calibration.NONE);
  }

  /**
   * Goes on with an earlier calibration: the result is that of both sets of samples, one after the
   * other.
   *
   * @throws io.qalibre.errors.QalibreException as {@link #calibrate(Dataset)}
   */
  public Calibration calibrate(Dataset samples, Calibration earlier) {
    return new Calibration(Calibrator.observe(graph, samples, earlier.statistics()));
  }

  /**
   * Takes the ranges from a file that has to fit these quantizers.
   *
   * @param file encodings of AIMET's versions 0.6.1, 1.0.0 or 2.0.0
   * @throws io.qalibre.errors.QalibreException if the file is missing or malformed, or encodings
   *     are missing, left over, or of another size, type or symmetry, all of which the message
   *     lists
   */
  public QuantizedNetwork loadEncodings(Path file) {
    return loadEncodings(file, EncodingsFit.STRICT);
  }

  /**
   * Takes the ranges from a file, and with {@link EncodingsFit#RECONFIGURE} also bits, symmetry and
   * channels.
   *
   * @param file encodings of AIMET's versions 0.6.1, 1.0.0 or 2.0.0
   * @param fit what happens where the file and these quantizers differ
   * @throws io.qalibre.errors.QalibreException if the file is missing or malformed, or differs in
   *     what {@code fit} does not allow, all of which the message lists
   */
  public QuantizedNetwork loadEncodings(Path file, EncodingsFit fit) {
    Simulation read = EncodingsReader.read(file, graph, fit);
    QuantizationSimModel sim = new QuantizationSimModel(network, read.graph(), source, integerBias);
    return new QuantizedNetwork(
        sim,
        sim.asOnTarget(read),
        Calibration.NONE,
        Step.append(
            network.steps(), new Step("loadEncodings", String.valueOf(file.getFileName()))));
  }

  /**
   * What the target computes with: integer kernels add biases in int32. Where quantizers round as
   * AIMET's do, for parity, biases stay float as AIMET's do.
   */
  Simulation asOnTarget(Simulation simulation) {
    return integerBias && !graph.roundsHalfAway() ? IntegerBiases.round(simulation) : simulation;
  }

  private long enabled() {
    return graph.quantizers().stream().filter(QuantizerNode::enabled).count();
  }

  @Override
  public Table table() {
    return quantizers();
  }

  @Override
  public String toString() {
    return "QuantizationSimModel "
        + graph.name()
        + ": "
        + enabled()
        + " of "
        + graph.quantizers().size()
        + " quantizers enabled by "
        + source;
  }
}
