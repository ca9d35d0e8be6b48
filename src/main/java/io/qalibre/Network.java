package io.qalibre;

import ai.djl.training.dataset.Dataset;
import io.qalibre.analysis.AutoQuant;
import io.qalibre.data.ImageSplits;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.BatchNormFolding;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.graph.onnx.WeightStorage;
import io.qalibre.ptq.ActivationSmoothing;
import io.qalibre.ptq.BatchNormFolds;
import io.qalibre.ptq.CrossLayerEqualization;
import io.qalibre.ptq.Equalization;
import io.qalibre.ptq.EqualizedGraph;
import io.qalibre.ptq.OutputRanges;
import io.qalibre.ptq.SmoothQuant;
import io.qalibre.ptq.SmoothedGraph;
import io.qalibre.ptq.WeightComparison;
import io.qalibre.qat.History;
import io.qalibre.qat.Training;
import io.qalibre.qat.TrainingLoop;
import io.qalibre.view.Viewable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;

/**
 * A float network: an immutable value. Each verb gives a new network, and {@link #history()} says
 * what was done.
 */
public final class Network implements Evaluable, Viewable {
  private final Graph graph;
  private final List<Step> steps;

  /** The statistics of what was folded, as they are by now. */
  private final List<BatchNormFolding.Folded> norms;

  Network(Graph graph, List<Step> steps) {
    this(graph, steps, List.of());
  }

  private Network(Graph graph, List<Step> steps, List<BatchNormFolding.Folded> norms) {
    this.graph = graph;
    this.steps = List.copyOf(steps);
    this.norms = List.copyOf(norms);
  }

  /** The graph. */
  public Graph graph() {
    return graph;
  }

  @Override
  public Simulation simulation() {
    return Simulation.of(graph);
  }

  List<Step> steps() {
    return steps;
  }

  /**
   * The batch normalizations that were folded and whose statistics still hold: those of the layers'
   * outputs.
   */
  List<BatchNormFolding.Folded> foldedBatchNorms() {
    return norms.stream()
        .filter(norm -> norm.direction() == BatchNormFolding.Direction.BACKWARD)
        .toList();
  }

  /** The same network in another form: normalizations that it had were folded since. */
  Network withFolded(Graph changed, List<BatchNormFolding.Folded> more) {
    List<BatchNormFolding.Folded> all = new ArrayList<>(norms);
    all.addAll(more);
    return new Network(changed, steps, all);
  }

  /** A row an operator: node, type, output shape, parameters, multiply-accumulates a sample. */
  public Table summary() {
    return NetworkTables.summary(graph);
  }

  /**
   * Folds batch normalizations into the layers before or after them. The function stays as it is; a
   * batch normalization that no layer can take stays as well.
   */
  public Network foldBatchNorms() {
    BatchNormFolding.Result result = BatchNormFolding.fold(graph);
    List<BatchNormFolding.Folded> all = new ArrayList<>(norms);
    all.addAll(result.folded());
    BatchNormFolds folds = BatchNormFolds.of(result);
    Step step = new Step("foldBatchNorms", folds.summary(), folds);
    return new Network(result.graph(), Step.append(steps, step), all);
  }

  /**
   * What {@link #foldBatchNorms} did to each batch normalization; {@link #equalizeLayers} folds
   * them too.
   *
   * @throws QalibreException if this network does not come from it
   */
  public BatchNormFolds normFolding() {
    return Step.details(steps, "foldBatchNorms", BatchNormFolds.class);
  }

  /**
   * Equalizes the weights' ranges across neighbouring layers, after folding what batch
   * normalizations there are. The function stays as it is, but for values that lie more than
   * sixteen standard deviations above their mean in front of a ReLU6; with samples ({@link
   * #equalizeLayers(Equalization, Dataset)}) more may be scaled.
   */
  public Network equalizeLayers() {
    return equalizeLayers(Equalization.DEFAULT);
  }

  /**
   * Equalizes the weights' ranges across neighbouring layers, after folding what batch
   * normalizations there are, which tell how large the layers' outputs get.
   *
   * @param options how
   * @throws QalibreException if a weight holds NaN or infinity
   */
  public Network equalizeLayers(Equalization options) {
    Network from = folded();
    return from.equalize(options, OutputRanges.of(from.norms));
  }

  /**
   * Equalizes the weights' ranges across neighbouring layers, after folding what batch
   * normalizations there are. Samples tell how large the layers' outputs get, which bounds what may
   * be scaled where a ReLU6 follows.
   *
   * @param options how
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws QalibreException if a weight holds NaN or infinity, there is no sample, or one does not
   *     fit
   */
  public Network equalizeLayers(Equalization options, Dataset samples) {
    Network from = folded();
    return from.equalize(options, OutputRanges.observe(from.graph, samples));
  }

  private Network folded() {
    return graph.operators().stream().noneMatch(n -> n.type().equals("BatchNormalization"))
        ? this
        : foldBatchNorms();
  }

  private Network equalize(Equalization options, OutputRanges ranges) {
    EqualizedGraph result = CrossLayerEqualization.equalize(graph, options, ranges);
    Step step = new Step("equalizeLayers", result.toString(), result);
    return new Network(result.graph(), Step.append(steps, step), result.statistics(norms));
  }

  /**
   * What {@link #equalizeLayers} did to each pair of layers.
   *
   * @throws QalibreException if this network does not come from it
   */
  public EqualizedGraph equalization() {
    return Step.details(steps, "equalizeLayers", EqualizedGraph.class);
  }

  /**
   * Moves the outliers of activations behind normalizations into the weights that read them, half
   * and half; see {@link ActivationSmoothing}. The function stays as it is, up to the rounding of
   * floats.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @throws QalibreException if no normalization is read by nothing but layers with constant
   *     weights, there is no sample, one does not fit, or an activation or a weight is NaN or
   *     infinite
   */
  public Network smoothQuant(Dataset samples) {
    return smoothQuant(samples, SmoothQuant.DEFAULT);
  }

  /**
   * Moves the outliers of activations behind normalizations into the weights that read them.
   *
   * @param samples inputs as the network will see them; labels are not looked at
   * @param options how much of them
   * @throws QalibreException if no normalization is read by nothing but layers with constant
   *     weights, there is no sample, one does not fit, or an activation or a weight is NaN or
   *     infinite
   */
  public Network smoothQuant(Dataset samples, SmoothQuant options) {
    SmoothedGraph result = ActivationSmoothing.smooth(graph, samples, options);
    Step step = new Step("smoothQuant", result.toString(), result);
    return new Network(result.graph(), Step.append(steps, step), norms);
  }

  /**
   * What {@link #smoothQuant} did to each normalization.
   *
   * @throws QalibreException if this network does not come from it
   */
  public SmoothedGraph smoothing() {
    return Step.details(steps, "smoothQuant", SmoothedGraph.class);
  }

  /**
   * Trains the network, showing loss and accuracy while it runs. Interrupting the cell ends the
   * training and gives what it has.
   *
   * @param samples inputs with labels
   * @param options how, such as {@code Fp32.epochs(10)}
   * @throws io.qalibre.errors.QalibreException if there is no sample, one does not fit, or the loss
   *     is NaN
   */
  public Network train(Dataset samples, Training options) {
    TrainingLoop.Result result =
        TrainingLoop.train(simulation(), Passes.of(samples, options.run().seed()), options);
    History trained = result.history();
    Step step = new Step("train", trained.summary(options.epochs()), trained);
    return new Network(result.simulation().graph(), Step.append(steps, step));
  }

  /**
   * What happened while {@link #train} ran.
   *
   * @throws io.qalibre.errors.QalibreException if this network does not come from {@link #train}
   */
  public History training() {
    return Step.details(steps, "train", History.class);
  }

  /**
   * Writes the network as an ONNX file, which {@code Qalibre.load} reads again. A quantized network
   * is written by {@link QuantizedNetwork#export}, with its encodings.
   *
   * @param file the file; it appears whole or not at all, and its folder is made
   * @throws io.qalibre.errors.QalibreException if it cannot be written
   */
  public void save(Path file) {
    save(file, WeightStorage.FLOAT);
  }

  /**
   * Writes the network as an ONNX file.
   *
   * @param file the file; it appears whole or not at all, and its folder is made
   * @param storage how the file holds the weights: float16 takes half the space and rounds them
   * @throws io.qalibre.errors.QalibreException if it cannot be written
   */
  public void save(Path file, WeightStorage storage) {
    OnnxWriter.write(graph, file, storage);
  }

  /** What was done to this network, a row a step. */
  public Table history() {
    return Step.table(steps);
  }

  /**
   * Compares the ranges of this network's weights with those of an earlier state.
   *
   * @param before the earlier state
   * @throws io.qalibre.errors.QalibreException if they have no weight in common
   */
  public WeightComparison weightRanges(Network before) {
    return WeightComparison.of(before.graph, graph);
  }

  /**
   * Places quantizers.
   *
   * @param config the target's rules and the user's choices
   * @throws io.qalibre.errors.QalibreException if a rule or choice matches nothing
   */
  public QuantizationSimModel simulate(QuantConfig config) {
    return new QuantizationSimModel(this, config);
  }

  /**
   * Finds a way to quantize to 8 bits that loses no more than a target: schemes for ranges, layers
   * equalized, biases corrected, weights' ranges by their errors, AdaRound, in order of cost, until
   * the loss of top-1 on the validation part, with its standard error added, is within the target.
   * {@link QuantizedNetwork#search()} says what was tried. Interrupting the cell gives the best so
   * far.
   *
   * @param data the training part computes encodings, the validation part chooses; the test part is
   *     not looked at
   * @param options the target, such as {@code AutoQuant.within(0.5)}
   * @throws QalibreException if samples do not fit the network
   */
  public QuantizedNetwork autoQuant(ImageSplits data, AutoQuant options) {
    return autoQuant(data, QuantConfig.int8(), options);
  }

  /**
   * Finds a way to quantize by a config; see {@link #autoQuant(ImageSplits, AutoQuant)}.
   *
   * @param data the training part computes encodings, the validation part chooses
   * @param config where quantizers sit, and their bits
   * @param options the target, such as {@code AutoQuant.within(0.5)}
   * @throws QalibreException if samples do not fit the network, or nothing can be quantized
   */
  public QuantizedNetwork autoQuant(ImageSplits data, QuantConfig config, AutoQuant options) {
    AutoQuantSamples samples =
        AutoQuantSamples.of(
            data.calibration(options.calibration()),
            data.calibration(options.rounding()),
            data.validation());
    return autoQuant(samples, config, options);
  }

  /**
   * Finds a way to quantize, with samples of any kind; see {@link #autoQuant(ImageSplits,
   * AutoQuant)}.
   *
   * @param calibration inputs that compute encodings and that techniques see, all of them
   * @param validation inputs with class indices as labels, to choose on
   * @param config where quantizers sit, and their bits
   * @param options the target; its numbers of samples are not looked at
   * @throws QalibreException if there is no sample, one does not fit, labels are missing, or
   *     nothing can be quantized
   */
  public QuantizedNetwork autoQuant(
      Dataset calibration, Dataset validation, QuantConfig config, AutoQuant options) {
    return autoQuant(AutoQuantSamples.of(calibration, calibration, validation), config, options);
  }

  /**
   * Finds a way to quantize, wherever samples lie; see {@link #autoQuant(ImageSplits, AutoQuant)}.
   *
   * @param samples the samples
   * @param config where quantizers sit, and their bits
   * @param options the target; its numbers of samples are not looked at
   * @throws QalibreException if there is no sample, one does not fit, labels are missing, or
   *     nothing can be quantized
   */
  public QuantizedNetwork autoQuant(
      AutoQuantSamples samples, QuantConfig config, AutoQuant options) {
    return new AutoQuantWays(this, config, samples, options).search();
  }

  /** What a notebook shows: inputs, outputs, size, cost and operators. */
  @Override
  public Table table() {
    return NetworkTables.overview(graph, steps);
  }

  @Override
  public String toString() {
    return NetworkTables.line(graph);
  }
}
