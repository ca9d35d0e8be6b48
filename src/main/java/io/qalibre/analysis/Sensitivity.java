package io.qalibre.analysis;

import io.qalibre.errors.UnknownNameException;
import io.qalibre.view.Charted;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Numbers;
import io.qalibre.view.RowTableBuilder;
import io.qalibre.view.Tables;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/**
 * Which layers suffer from being quantized.
 *
 * @param network the network's name
 * @param measures how answers were judged; the first one orders layers
 * @param networks the network as a whole
 * @param layers the layers in order of execution
 * @param run how far the work went
 */
public record Sensitivity(
    String network, List<Measure> measures, Networks networks, List<Layer> layers, Run run)
    implements Charted {
  private static final int BARS = 20;

  /** Copies the lists. */
  public Sensitivity {
    measures = List.copyOf(measures);
    layers = List.copyOf(layers);
  }

  /**
   * A layer.
   *
   * @param name its node's name
   * @param operator its operator
   * @param tensors what its quantizers quantize
   * @param on a value for each measure with this layer's quantizers on and all others off
   * @param off a value for each measure with this layer's quantizers off and all others on
   */
  public record Layer(
      String name, String operator, List<String> tensors, List<Double> on, List<Double> off) {
    /** Copies the lists. */
    public Layer {
      tensors = List.copyOf(tensors);
      on = List.copyOf(on);
      off = List.copyOf(off);
    }
  }

  /**
   * The network as a whole: a value for each measure.
   *
   * @param floats all quantizers off
   * @param weights those of parameters on
   * @param activations those of activations on
   * @param quantized all on
   */
  public record Networks(
      List<Double> floats, List<Double> weights, List<Double> activations, List<Double> quantized) {
    /** Copies the lists. */
    public Networks {
      floats = List.copyOf(floats);
      weights = List.copyOf(weights);
      activations = List.copyOf(activations);
      quantized = List.copyOf(quantized);
    }
  }

  /**
   * How far the work went.
   *
   * @param samples how many samples were looked at
   * @param interrupted whether the user stopped it before all were
   */
  public record Run(long samples, boolean interrupted) {
    String label() {
      return Numbers.count(samples) + " samples" + (interrupted ? ", interrupted" : "");
    }
  }

  /** The layers from the one that hurts most when it alone is quantized. */
  public List<Layer> ordered() {
    return layers.stream().sorted(Comparator.comparingDouble(this::harm).reversed()).toList();
  }

  /** The layer that hurts most when it alone is quantized. */
  public Layer worst() {
    return ordered().get(0);
  }

  /**
   * A layer.
   *
   * @throws UnknownNameException if there is none of that name
   */
  public Layer layer(String name) {
    return layers.stream()
        .filter(layer -> layer.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UnknownNameException(
                    "quantized layer", name, network, layers.stream().map(Layer::name).toList()));
  }

  /** How much worse than in floats the answers are when a layer alone is quantized, 0 or more. */
  public double harm(Layer layer) {
    return measures.get(0).harm(layer.on.get(0), networks.floats.get(0));
  }

  /**
   * A row a layer, the worst first: the measures with this layer's quantizers on and all others
   * off, and the other way round.
   */
  @Override
  public Table table() {
    RowTableBuilder<Layer> table =
        Tables.of(
                "Sensitivity of %s, worst layer first (%s; quantized: %s)"
                    .formatted(network, run.label(), described(measures, networks.quantized)),
                ordered())
            .text("layer", Layer::name)
            .text("operator", Layer::operator)
            .integer("quantizers", layer -> layer.tensors.size());
    for (int i = 0; i < measures.size(); i++) {
      int at = i;
      String unit = unit(measures.get(i));
      table.number(measures.get(i).label() + " only it" + unit, layer -> rounded(layer.on.get(at)));
      table.number(
          measures.get(i).label() + " all but it" + unit, layer -> rounded(layer.off.get(at)));
    }
    return table.build();
  }

  /** The network in floats, with only weights or only activations quantized, and with both. */
  public Table wholes() {
    record Row(String name, List<Double> values) {}
    RowTableBuilder<Row> table =
        Tables.of(
                "Quantizing %s (%s)".formatted(network, run.label()),
                List.of(
                    new Row("nothing", networks.floats),
                    new Row("weights only", networks.weights),
                    new Row("activations only", networks.activations),
                    new Row("both", networks.quantized)))
            .text("quantized", Row::name);
    for (int i = 0; i < measures.size(); i++) {
      int at = i;
      table.number(title(measures.get(i)), row -> rounded(row.values.get(at)));
    }
    return table.build();
  }

  /** How much the worst layers hurt when each alone is quantized. */
  @Override
  public HorizontalBarChart chart() {
    List<Layer> worst = ordered().stream().limit(BARS).toList();
    return Charts.bars(
        "Sensitivity of %s, %s of %d layers"
            .formatted(
                network,
                worst.size() < layers.size() ? "the worst " + worst.size() : "all",
                layers.size()),
        measures.get(0).harmLabel(),
        worst.stream().map(Layer::name).toList(),
        worst.stream().mapToDouble(this::harm).toArray());
  }

  /** The first measure along the network: each layer alone on, and each alone off. */
  public XYChart along() {
    Measure measure = measures.get(0);
    double[] whole = new double[layers.size()];
    Arrays.fill(whole, networks.quantized.get(0));
    return Charts.lines(
        "Sensitivity of " + network,
        "layer",
        title(measure),
        List.of(
            Line.byIndex("only it", layers.stream().mapToDouble(l -> l.on.get(0)).toArray()),
            Line.byIndex("all but it", layers.stream().mapToDouble(l -> l.off.get(0)).toArray()),
            Line.byIndex("all", whole)));
  }

  /** Such as {@code SQNR 37.01 dB, top-1 94.6 %}. */
  static String described(List<Measure> measures, List<Double> values) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < measures.size(); i++) {
      Measure measure = measures.get(i);
      text.append(i == 0 ? "" : ", ")
          .append(measure.label())
          .append(' ')
          .append(Numbers.format(rounded(values.get(i))))
          .append(measure.unit().isEmpty() ? "" : " " + measure.unit());
    }
    return text.toString();
  }

  private static String unit(Measure measure) {
    return measure.unit().isEmpty() ? "" : ", " + measure.unit();
  }

  /** Such as {@code SQNR, dB}. */
  static String title(Measure measure) {
    return measure.label() + unit(measure);
  }

  /** To four significant digits: more would be noise. */
  static double rounded(double value) {
    return Double.isFinite(value) && value != 0
        ? new BigDecimal(value).round(new MathContext(4)).doubleValue()
        : value;
  }

  @Override
  public String toString() {
    Layer worst = worst();
    return "Sensitivity of %s: worst layer %s, %s when it alone is quantized (%s)"
        .formatted(network, worst.name, described(measures, worst.on), run.label());
  }
}
