package io.qalibre;

import io.qalibre.analysis.AutoQuant;
import io.qalibre.analysis.AutoQuantReport;
import io.qalibre.analysis.AutoQuantSearch;
import io.qalibre.engine.Accuracy;
import io.qalibre.ptq.AdaRound;
import io.qalibre.ptq.Equalization;
import io.qalibre.quant.QuantScheme;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The ways to quantize that an automatic quantization tries: ranges by several schemes from one
 * calibration, then equalized layers, corrected biases, weights' ranges by the errors they make,
 * and AdaRound. Each starts from the encodings, the scheme and the float network of the best so
 * far; corrected biases are left behind, since they fit the codes they were corrected for.
 */
final class AutoQuantWays {
  private final Network folded;
  private final QuantConfig config;
  private final AutoQuantSamples samples;
  private final AutoQuant options;
  private @Nullable Calibration calibration;

  /**
   * A quantized network and what it was made from.
   *
   * @param network the float network
   * @param config where quantizers sit
   * @param plain with encodings only
   * @param quantized what is measured
   */
  private record Made(
      Network network, QuantConfig config, QuantizedNetwork plain, QuantizedNetwork quantized) {
    Made with(QuantizedNetwork changed) {
      return new Made(network, config, plain, changed);
    }
  }

  AutoQuantWays(Network network, QuantConfig config, AutoQuantSamples samples, AutoQuant options) {
    this.folded = network.foldBatchNorms();
    this.config = config;
    this.samples = samples;
    this.options = options;
  }

  /** Searches; the float network is measured first. */
  QuantizedNetwork search() {
    Accuracy floats = samples.evaluate(folded);
    AutoQuantSearch.Found<Made> found =
        AutoQuantSearch.search(
            floats, options.points(), ways(), made -> samples.evaluate(made.quantized));
    AutoQuantReport report = found.report();
    QuantizedNetwork best = found.best().quantized;
    return best.with(best.simulation(), new Step("autoQuant", report.summary(), report));
  }

  private List<AutoQuantSearch.Way<Made>> ways() {
    List<AutoQuantSearch.Way<Made>> ways = new ArrayList<>();
    ways.add(way("as configured", best -> plain(folded, config)));
    ways.add(scheme(QuantScheme.percentile(99.99)));
    ways.add(scheme(QuantScheme.percentile(99.9)));
    ways.add(scheme(QuantScheme.MSE));
    ways.add(scheme(QuantScheme.TF_ENHANCED));
    ways.add(
        new AutoQuantSearch.Way<>(
            "weights left in floats, to compare", true, best -> plain(folded, floatWeights(best))));
    ways.add(
        way(
            "layers equalized",
            best ->
                made(
                    folded.equalizeLayers(Equalization.DEFAULT, samples.layers()),
                    best.map(Made::config).orElse(config))));
    ways.add(
        way(
            "biases corrected",
            best -> {
              Made made = best.orElseThrow();
              return made.with(made.plain.correctBias(samples.layers()));
            }));
    ways.add(
        way(
            "weights' ranges by sequentialMse",
            best -> {
              Made made = best.orElseThrow();
              QuantizedNetwork chosen = made.plain.sequentialMse(samples.layers());
              return of(made.network, made.config, chosen);
            }));
    ways.add(
        way(
            "AdaRound",
            best -> {
              Made made = best.orElseThrow();
              return made.with(
                  made.plain.adaRound(samples.layers(), AdaRound.iterations(options.iterations())));
            }));
    return ways;
  }

  private static AutoQuantSearch.Way<Made> way(
      String name, java.util.function.Function<Optional<Made>, Made> make) {
    return new AutoQuantSearch.Way<>(name, false, make);
  }

  /** Weights' ranges stay as configured; activations' are found by a scheme. */
  private AutoQuantSearch.Way<Made> scheme(QuantScheme scheme) {
    return way(
        "activations by " + scheme,
        best -> plain(folded, config.withSchemes(config.options().parameters().scheme(), scheme)));
  }

  private QuantConfig floatWeights(Optional<Made> best) {
    return best.map(Made::config).orElse(config).disable("weight");
  }

  private Made plain(Network network, QuantConfig chosen) {
    if (calibration == null) {
      calibration = samples.calibrate(network.simulate(config));
    }
    return of(network, chosen, network.simulate(chosen).computeEncodings(calibration));
  }

  private Made made(Network network, QuantConfig chosen) {
    QuantizationSimModel sim = network.simulate(chosen);
    return of(network, chosen, sim.computeEncodings(samples.calibrate(sim)));
  }

  private static Made of(Network network, QuantConfig chosen, QuantizedNetwork quantized) {
    return new Made(network, chosen, quantized, quantized);
  }
}
