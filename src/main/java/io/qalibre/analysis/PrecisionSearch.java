package io.qalibre.analysis;

import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.quant.Statistics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * Chooses the bits of layers in AIMET's two phases: first each group of layers alone is quantized
 * at each candidate; then groups get fewer bits one after the other, and what that gives is
 * measured. Unlike AIMET, which goes by the harm alone, the order is that of the harm for the bit
 * operations saved, and the network keeps its one calibration.
 */
public final class PrecisionSearch {
  private static final String ALONE = "mixedPrecision, layers alone";
  private static final String TOGETHER = "mixedPrecision, front";

  private final PrecisionGroups groups;
  private final PrecisionSwitch bits;
  private final Switches switches;
  private final Graph reference;
  private final Scorer scorer;
  private final MixedPrecision options;
  private final Map<PrecisionGroup, Map<String, Double>> alone = new LinkedHashMap<>();

  private PrecisionSearch(Start start, Scorer scorer, MixedPrecision options) {
    groups = new PrecisionGroups(start.simulation.graph());
    bits = new PrecisionSwitch(start.simulation, start.reference, start.statistics);
    switches = new Switches(start.simulation, start.reference);
    reference = start.reference;
    this.scorer = scorer;
    this.options = options;
  }

  /**
   * What is to be given other bits.
   *
   * @param simulation the simulation, with encodings
   * @param reference the float network it was made from
   * @param statistics what activations' quantizers have seen
   */
  public record Start(Simulation simulation, Graph reference, Map<String, Statistics> statistics) {
    /** Copies the map. */
    public Start {
      statistics = Map.copyOf(statistics);
    }
  }

  /**
   * What was chosen.
   *
   * @param simulation the simulation with the bits chosen
   * @param front what was measured
   */
  public record Result(Simulation simulation, PrecisionFront front) {}

  /**
   * Chooses. Interrupted in a phase, the batches that are done decide.
   *
   * @param start what to begin with
   * @param samples inputs with or without labels, some hundreds, on which no result is reported
   * @param options how
   * @throws QalibreException if no weight is quantized to codes, an activation that would get other
   *     bits was not calibrated, there is no sample, one does not fit, labels are missing for a
   *     budget of accuracy, or no choice keeps within the budget
   */
  public static Result choose(Start start, Dataset samples, MixedPrecision options) {
    return choose(start, Scorer.on(samples), options);
  }

  /**
   * Chooses, wherever samples are answered; see {@link #choose(Start, Dataset, MixedPrecision)}.
   *
   * @param scorer answers samples and judges
   */
  public static Result choose(Start start, Scorer scorer, MixedPrecision options) {
    return new PrecisionSearch(start, scorer, options).run();
  }

  private Result run() {
    List<Map<PrecisionGroup, Precision>> path = new PrecisionPath(alone()).choices();
    TreeSet<Integer> places = new TreeSet<>();
    int last = path.size() - 1;
    for (int i = 0; i < options.points(); i++) {
      places.add((int) Math.round((double) i * last / (options.points() - 1)));
    }
    if (options.budget() instanceof Budget.BitOperations budget) {
      places.add(affordable(path, budget));
    }
    List<Map<PrecisionGroup, Precision>> choices = new ArrayList<>();
    places.forEach(place -> choices.add(path.get(place)));
    for (Precision candidate : options.candidates()) {
      Map<PrecisionGroup, Precision> uniform = new LinkedHashMap<>();
      groups.groups().forEach(group -> uniform.put(group, candidate));
      if (!choices.contains(uniform)) {
        choices.add(uniform);
      }
    }
    return measured(choices);
  }

  private List<Measure> measures() {
    return options.budget() instanceof Budget.AccuracyDrop
        ? List.of(Measure.SQNR, Measure.TOP1)
        : List.of();
  }

  /** The first phase. */
  private Map<PrecisionGroup, List<PrecisionPath.Option>> alone() {
    List<Simulation> variants = new ArrayList<>(List.of(switches.floats()));
    for (PrecisionGroup group : groups.groups()) {
      for (Precision candidate : options.candidates()) {
        Switches changed = new Switches(bits.with(Map.of(group, candidate)), reference);
        variants.add(changed.only(PrecisionSwitch.quantizers(group), group.constants()));
      }
    }
    VariantScores scores = scorer.score(ALONE, variants, measures());
    Map<PrecisionGroup, List<PrecisionPath.Option>> harms = new LinkedHashMap<>();
    int at = 1;
    for (PrecisionGroup group : groups.groups()) {
      List<PrecisionPath.Option> own = new ArrayList<>();
      Map<String, Double> named = new LinkedHashMap<>();
      for (Precision candidate : options.candidates()) {
        double harm = scores.harm(at++);
        own.add(new PrecisionPath.Option(group, candidate, harm));
        named.put(candidate.toString(), harm);
      }
      harms.put(group, own);
      alone.put(group, named);
    }
    return harms;
  }

  /** The first place on the path that the budget allows. */
  private int affordable(List<Map<PrecisionGroup, Precision>> path, Budget.BitOperations budget) {
    for (int i = 0; i < path.size(); i++) {
      if (budget.allows(groups.share(path.get(i)))) {
        return i;
      }
    }
    throw new QalibreException(
        String.format(
            Locale.ROOT,
            "mixedPrecision: a budget of %s is below the %.3g that the cheapest of %s takes",
            budget,
            groups.share(path.get(path.size() - 1)),
            options.candidates()));
  }

  /** The second phase, and the choice. */
  private Result measured(List<Map<PrecisionGroup, Precision>> choices) {
    List<Simulation> variants = new ArrayList<>(List.of(switches.floats()));
    choices.forEach(choice -> variants.add(bits.with(choice)));
    VariantScores scores = scorer.score(TOGETHER, variants, measures());
    Map<PrecisionFront.Point, Integer> points = new LinkedHashMap<>();
    for (int i = 0; i < choices.size(); i++) {
      Map<PrecisionGroup, Precision> choice = choices.get(i);
      points.putIfAbsent(
          new PrecisionFront.Point(
              PrecisionFront.Point.name(choice),
              choice.values().stream().distinct().count() == 1,
              groups.share(choice),
              scores.values().get(i + 1),
              scores.harm(i + 1)),
          i);
    }
    List<PrecisionFront.Point> ordered =
        points.keySet().stream()
            .sorted(
                Comparator.comparingDouble(PrecisionFront.Point::bitOperations)
                    .reversed()
                    .thenComparing(PrecisionFront.Point::harm))
            .toList();
    PrecisionFront.Point chosen = chosen(ordered, scores);
    int place = points.getOrDefault(chosen, 0);
    PrecisionFront front =
        new PrecisionFront(
            switches.name(),
            scores.measures(),
            ordered,
            chosen,
            layers(choices.get(place)),
            new Sensitivity.Run(scores.samples(), scores.interrupted()));
    return new Result(variants.get(place + 1), front);
  }

  private PrecisionFront.Point chosen(List<PrecisionFront.Point> points, VariantScores scores) {
    List<PrecisionFront.Point> within =
        points.stream()
            .filter(point -> options.budget().allows(point, scores.values().get(0)))
            .toList();
    if (within.isEmpty()) {
      throw new QalibreException(
          "mixedPrecision: none of the choices measured keeps to %s; the best is %s with %s"
              .formatted(
                  options.budget(),
                  points.get(0).name(),
                  Sensitivity.described(scores.measures(), points.get(0).values())));
    }
    Comparator<PrecisionFront.Point> best =
        options.budget().boundsCost()
            ? Comparator.comparingDouble(PrecisionFront.Point::harm)
            : Comparator.comparingDouble(PrecisionFront.Point::bitOperations);
    return within.stream().min(best).orElseThrow();
  }

  private List<PrecisionFront.Layers> layers(Map<PrecisionGroup, Precision> choice) {
    double all = groups.groups().stream().mapToDouble(PrecisionGroup::macs).sum();
    return groups.groups().stream()
        .map(
            group ->
                new PrecisionFront.Layers(
                    group.layers(),
                    choice.getOrDefault(group, options.candidates().get(0)),
                    100 * group.macs() / all,
                    alone.getOrDefault(group, Map.of())))
        .toList();
  }
}
