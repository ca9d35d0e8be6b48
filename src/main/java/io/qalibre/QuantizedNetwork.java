package io.qalibre;

import ai.djl.training.dataset.Dataset;
import io.qalibre.analysis.AutoQuantReport;
import io.qalibre.analysis.Budget;
import io.qalibre.analysis.MixedPrecision;
import io.qalibre.analysis.PrecisionFront;
import io.qalibre.analysis.PrecisionSearch;
import io.qalibre.analysis.Scorer;
import io.qalibre.engine.Calibrator;
import io.qalibre.engine.GradientEstimator;
import io.qalibre.errors.QalibreException;
import io.qalibre.export.Export;
import io.qalibre.export.ExportOptions;
import io.qalibre.export.Exporter;
import io.qalibre.export.FloatGraph;
import io.qalibre.export.OverflowGuard;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.ptq.AdaRound;
import io.qalibre.ptq.AdaRounding;
import io.qalibre.ptq.BatchNormReestimation;
import io.qalibre.ptq.BiasCorrection;
import io.qalibre.ptq.BiasCorrector;
import io.qalibre.ptq.BiasShifts;
import io.qalibre.ptq.ChosenRanges;
import io.qalibre.ptq.FoldToScale;
import io.qalibre.ptq.FoldedNorms;
import io.qalibre.ptq.ReestimatedNorms;
import io.qalibre.ptq.RoundingReport;
import io.qalibre.ptq.SequentialMse;
import io.qalibre.ptq.SequentialMseSearch;
import io.qalibre.qat.History;
import io.qalibre.qat.Training;
import io.qalibre.qat.TrainingLoop;
import io.qalibre.view.Viewable;
import java.nio.file.Path;
import java.util.List;
import tech.tablesaw.api.Table;

/** A simulation whose quantizers know their ranges: an immutable value. */
public final class QuantizedNetwork implements Evaluable, Inspectable, Viewable {
  private final QuantizationSimModel sim;
  private final Simulation simulation;
  private final Calibration calibration;
  private final List<Step> steps;

  QuantizedNetwork(
      QuantizationSimModel sim, Simulation simulation, Calibration calibration, List<Step> steps) {
    this.sim = sim;
    this.simulation = simulation;
    this.calibration = calibration;
    this.steps = List.copyOf(steps);
  }

  @Override
  public Simulation simulation() {
    return simulation;
  }

  @Override
  public Calibration calibration() {
    return calibration;
  }

  @Override
  public Graph floats() {
    boolean trained = own().stream().anyMatch(Step::trains);
    return trained ? FloatGraph.of(simulation.graph()) : sim.network().graph();
  }

  /**
   * Takes back what rounding the weights has moved the means of layers' outputs by: a new network
   * with other biases. {@link #biasCorrection()} says what was done.
   *
   * @param samples inputs as the network will see them, some hundreds; labels are not looked at
   * @throws QalibreException if there is no sample, one does not fit, there is no layer, or weights
   *     were trained since they were quantized
   */
  public QuantizedNetwork correctBias(Dataset samples) {
    return correctBias(samples, BiasCorrection.EMPIRICAL);
  }

  /**
   * Corrects biases; see {@link #correctBias(Dataset)}.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @param options how, such as {@link BiasCorrection#ANALYTICAL}, which needs batch normalizations
   *     to have been folded
   * @throws QalibreException as {@link #correctBias(Dataset)}, and if the analytical correction
   *     finds no batch normalization's statistics
   */
  public QuantizedNetwork correctBias(Dataset samples, BiasCorrection options) {
    Network network = sim.network();
    BiasShifts shifts =
        BiasCorrector.correct(
            simulation, network.graph(), network.foldedBatchNorms(), samples, options);
    return recalibrated(
        shifts.simulation(), samples, new Step("correctBias", shifts.summary(), shifts));
  }

  /**
   * What {@link #correctBias} did.
   *
   * @throws QalibreException if this network does not come from it
   */
  public BiasShifts biasCorrection() {
    return Step.details(own(), "correctBias", BiasShifts.class);
  }

  /**
   * Chooses the weights' ranges by the errors that they make in their layers' outputs: a new
   * network with other encodings, worth most at 4 bits. {@link #weightSearch()} says what was
   * chosen.
   *
   * @param samples inputs as the network will see them, some hundreds; labels are not looked at
   * @throws QalibreException if there is no sample, one does not fit, or no weight is quantized to
   *     codes, per tensor or per channel
   */
  public QuantizedNetwork sequentialMse(Dataset samples) {
    return sequentialMse(samples, SequentialMse.DEFAULT);
  }

  /**
   * Chooses the weights' ranges; see {@link #sequentialMse(Dataset)}.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @param options how, such as {@code SequentialMse.DEFAULT.withCandidates(40)}
   * @throws QalibreException as {@link #sequentialMse(Dataset)}
   */
  public QuantizedNetwork sequentialMse(Dataset samples, SequentialMse options) {
    ChosenRanges chosen = SequentialMseSearch.search(simulation, samples, options);
    return recalibrated(
        chosen.simulation(), samples, new Step("sequentialMse", chosen.summary(), chosen));
  }

  /**
   * What {@link #sequentialMse} chose.
   *
   * @throws QalibreException if this network does not come from it
   */
  public ChosenRanges weightSearch() {
    return Step.details(own(), "sequentialMse", ChosenRanges.class);
  }

  /**
   * Estimates the statistics of batch normalizations anew, as means over batches of what reaches
   * them in the quantized network: after a training that let them follow its batches, or where
   * rounding has moved what reaches them. It takes a network that was simulated without folding
   * them. Encodings of activations are computed anew, since their ranges change, all others stay.
   * {@link #normStatistics()} says what has changed; {@link #foldBatchNorms()} comes next.
   *
   * @param samples inputs as the network was trained on, in batches as large as in a training; all
   *     are used (AIMET takes 100 batches); labels are not looked at
   * @throws QalibreException if there is no batch normalization with statistics, there is no
   *     sample, one does not fit, or a batch holds one value a channel only
   */
  public QuantizedNetwork reestimateBatchNorms(Dataset samples) {
    ReestimatedNorms norms = BatchNormReestimation.reestimate(simulation, samples);
    return recalibrated(
        norms.simulation(), samples, new Step("reestimateBatchNorms", norms.summary(), norms));
  }

  /**
   * What {@link #reestimateBatchNorms} changed.
   *
   * @throws QalibreException if this network does not come from it
   */
  public ReestimatedNorms normStatistics() {
    return Step.details(own(), "reestimateBatchNorms", ReestimatedNorms.class);
  }

  /**
   * Folds batch normalizations into the layers before them and the scales of their weights, whose
   * codes stay: for networks that were simulated, and trained, with live ones. The float network of
   * what comes out is the folded one, with weights as they are by now. {@link #normFolding()} says
   * which were folded, and why others were not.
   *
   * @throws QalibreException if none can be folded, saying why: a layer's output is quantized in
   *     front of its normalization, or its weight has a single grid
   */
  public QuantizedNetwork foldBatchNorms() {
    FoldedNorms norms = FoldToScale.fold(simulation);
    Graph graph = norms.simulation().graph();
    Network folded = sim.network().withFolded(FloatGraph.of(graph), norms.statistics());
    return new QuantizedNetwork(
            sim.of(folded, graph),
            norms.simulation(),
            calibration.renamed(simulation.graph(), graph),
            steps)
        .with(
            OverflowGuard.apply(norms.simulation()),
            new Step("foldBatchNorms", norms.summary(), norms));
  }

  /**
   * What {@link #foldBatchNorms} did.
   *
   * @throws QalibreException if this network does not come from it
   */
  public FoldedNorms normFolding() {
    return Step.details(own(), "foldBatchNorms", FoldedNorms.class);
  }

  /** The same with other parameters, whose encodings stay; activations' are computed anew. */
  private QuantizedNetwork recalibrated(Simulation changed, Dataset samples, Step step) {
    Calibrator.Result result = Calibrator.recalibrate(changed, samples);
    return new QuantizedNetwork(
        sim,
        sim.asOnTarget(OverflowGuard.apply(result.simulation())),
        new Calibration(result.statistics()),
        Step.append(steps, step));
  }

  /**
   * Trains weights and ranges together, showing loss and accuracy while it runs. Interrupting the
   * cell ends the training and gives what it has.
   *
   * @param samples inputs with labels
   * @param options how
   * @throws QalibreException if there is no sample, one does not fit, or the loss is NaN
   */
  public QuantizedNetwork train(Dataset samples, Training options) {
    TrainingLoop.Result result =
        TrainingLoop.train(simulation, Passes.of(samples, options.run().seed()), options);
    History trained = result.history();
    return with(result.simulation(), new Step("train", trained.summary(options.epochs()), trained));
  }

  /**
   * The simulation as a DJL model for a training loop of the user's own; close it. Weights learn,
   * and ranges as AIMET's do.
   */
  public TrainableNetwork trainable() {
    return trainable(GradientEstimator.LEARNED);
  }

  /**
   * The simulation as a DJL model for a training loop of the user's own; close it.
   *
   * @param estimator what ranges learn from, or {@link GradientEstimator#STRAIGHT_THROUGH} for
   *     ranges that stay
   */
  public TrainableNetwork trainable(GradientEstimator estimator) {
    return new TrainableNetwork(this, estimator);
  }

  QuantizedNetwork with(Simulation changed, Step step) {
    return new QuantizedNetwork(
        sim, sim.asOnTarget(changed), calibration, Step.append(steps, step));
  }

  /** What was done since the encodings were computed; the float network's own steps lie before. */
  private List<Step> own() {
    return steps.subList(sim.network().steps().size(), steps.size());
  }

  /**
   * What happened while {@link #train} ran.
   *
   * @throws QalibreException if this network does not come from {@link #train}
   */
  public History history() {
    return Step.details(own(), "train", History.class);
  }

  /**
   * Rounds weights up or down so that each layer gives what it gives in the float network, as far
   * as it can; the nearest code is often not the best, at 4 bits above all. Encodings stay as they
   * are. Interrupting the cell keeps the layers that are done.
   *
   * @param samples inputs as the network will see them, some hundreds; labels are not looked at
   * @param options how, such as {@code AdaRound.iterations(2000)}
   * @throws QalibreException if no layer's weight is quantized, one has more than 16 bits, there is
   *     no sample, or one does not fit
   */
  public QuantizedNetwork adaRound(Dataset samples, AdaRound options) {
    AdaRounding.Result result = AdaRounding.round(simulation, floats(), samples, options);
    RoundingReport report = result.report();
    return with(result.simulation(), new Step("adaRound", report.summary(), report));
  }

  /**
   * What {@link #adaRound} did, layer by layer.
   *
   * @throws QalibreException if this network does not come from {@link #adaRound}
   */
  public RoundingReport rounding() {
    return Step.details(own(), "adaRound", RoundingReport.class);
  }

  /**
   * Chooses the bits of each layer within a budget, among W4A8, W8A8 and W8A16: a new network.
   * {@link #precisions()} says what was measured. Interrupting the cell lets the samples that were
   * looked at by then decide.
   *
   * @param samples inputs to choose on, with labels for a budget of accuracy; some hundreds
   * @param budget such as {@code Budget.bitOperations(0.75)}
   * @throws QalibreException if no weight is quantized to codes, encodings were not computed from
   *     samples, there is no sample, one does not fit, labels are missing, or no choice keeps to
   *     the budget
   */
  public QuantizedNetwork mixedPrecision(Dataset samples, Budget budget) {
    return mixedPrecision(samples, MixedPrecision.within(budget));
  }

  /**
   * Chooses the bits of each layer; see {@link #mixedPrecision(Dataset, Budget)}.
   *
   * @param samples inputs to choose on, with labels for a budget of accuracy; some hundreds
   * @param options how, such as {@code MixedPrecision.within(budget).candidates(Precision.W4A8,
   *     Precision.W8A8)}
   * @throws QalibreException as {@link #mixedPrecision(Dataset, Budget)}
   */
  public QuantizedNetwork mixedPrecision(Dataset samples, MixedPrecision options) {
    return mixedPrecision(Scorer.on(samples), options);
  }

  /**
   * Chooses the bits of each layer, wherever samples are answered; see {@link
   * #mixedPrecision(Dataset, Budget)}.
   *
   * @param scorer answers samples and judges
   * @param options how
   * @throws QalibreException as {@link #mixedPrecision(Dataset, Budget)}
   */
  public QuantizedNetwork mixedPrecision(Scorer scorer, MixedPrecision options) {
    PrecisionSearch.Result result =
        PrecisionSearch.choose(
            new PrecisionSearch.Start(simulation, floats(), calibration.statistics()),
            scorer,
            options);
    Simulation chosen = OverflowGuard.apply(result.simulation());
    return new QuantizedNetwork(
        sim.of(sim.network(), chosen.graph()),
        sim.asOnTarget(chosen),
        calibration,
        Step.append(steps, new Step("mixedPrecision", result.front().summary(), result.front())));
  }

  /**
   * What {@link #mixedPrecision} measured and chose.
   *
   * @throws QalibreException if this network does not come from it
   */
  public PrecisionFront precisions() {
    return Step.details(own(), "mixedPrecision", PrecisionFront.class);
  }

  /**
   * What {@link Network#autoQuant} tried.
   *
   * @throws QalibreException if this network does not come from it
   */
  public AutoQuantReport search() {
    return Step.details(own(), "autoQuant", AutoQuantReport.class);
  }

  /** What was done from the float network to this one, a row a step. */
  public Table steps() {
    return Step.table(steps);
  }

  /**
   * Writes the files for a target: the float network, its encodings, and a QDQ network that ONNX
   * Runtime runs in integers.
   *
   * @param folder where to; made if it is missing
   * @param prefix what the files' names begin with
   * @throws QalibreException if a file cannot be written
   */
  public Export export(Path folder, String prefix) {
    return Exporter.export(simulation, folder, prefix);
  }

  /**
   * Writes the files for a target, as {@link #export(Path, String)} does.
   *
   * @param folder where to; made if it is missing
   * @param prefix what the files' names begin with
   * @param options how, such as {@code
   *     ExportOptions.DEFAULT.withEncodings(EncodingsVersion.V2_0_0)} or, for TensorRT, {@code
   *     ExportOptions.DEFAULT.withQdq(QdqForm.SIGNED)}
   * @throws QalibreException if a file cannot be written, or not in the form asked for
   */
  public Export export(Path folder, String prefix, ExportOptions options) {
    return Exporter.export(simulation, folder, prefix, options);
  }

  /**
   * Writes the story of this quantization as one HTML page that needs nothing else: the network,
   * its quantizers and why each is there, what every step did, encodings, histograms of the
   * activations that are clipped most, versions.
   *
   * @param file the page; its folder is made if it is missing
   * @param findings what else belongs to it, each a section of its own: accuracies, comparisons,
   *     verifications, tables of an analysis
   * @return the file
   * @throws QalibreException if it cannot be written; there is no half of it then
   */
  public Path report(Path file, Viewable... findings) {
    return new Report(sim, this, steps).write(file, List.of(findings));
  }

  QuantizationSimModel sim() {
    return sim;
  }

  @Override
  public Table table() {
    return encodings();
  }

  @Override
  public String toString() {
    return "QuantizedNetwork "
        + simulation.graph().name()
        + ": "
        + simulation.encodings().size()
        + " encodings after "
        + steps.stream().map(Step::verb).toList();
  }
}
