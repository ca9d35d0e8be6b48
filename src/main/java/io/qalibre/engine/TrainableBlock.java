package io.qalibre.engine;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A simulation as a DJL Block: one TorchScript program whose parameters are the weights, by their
 * tensor names, and the range of each quantizer, as {@code <tensor>.range_min} and {@code
 * .range_max}, or {@code .range_scale} and {@code .range_zero} in {@link GradientEstimator#LSQ}. It
 * trains under any DJL trainer and optimizer. Where all parameters of ranges are frozen, by {@link
 * #freezeRanges} or DJL's own {@code freezeParameters}, nothing is computed for them.
 *
 * <p>Batch normalizations that are not folded keep their statistics and learn γ and β only, unless
 * {@link #liveNorms} lets them use and follow each training batch's. Dropouts drop in training
 * batches only.
 */
public final class TrainableBlock extends AbstractBlock {
  private static final byte VERSION = 1;

  private final Simulation simulation;
  private final NDManager manager;
  private final TrainingPrograms programs;
  private final Map<String, Parameter> weights = new LinkedHashMap<>();
  private final RangeParameters ranges;
  private final OscillationDamping damping;
  private boolean live;

  /**
   * Creates a block whose ranges learn as AIMET's do; its arrays live in the manager given.
   *
   * @param simulation the graph and the encodings to start from
   * @param manager the model's manager
   */
  public TrainableBlock(Simulation simulation, NDManager manager) {
    this(simulation, manager, GradientEstimator.LEARNED);
  }

  /**
   * Creates the block; its arrays live in the manager given.
   *
   * @param simulation the graph and the encodings to start from
   * @param manager the model's manager
   * @param estimator what ranges learn from, if they do
   */
  @SuppressWarnings("this-escape") // adding parameters is how DJL's blocks are built
  public TrainableBlock(Simulation simulation, NDManager manager, GradientEstimator estimator) {
    super(VERSION);
    this.simulation = simulation;
    this.manager = manager;
    Graph graph = LearnedRanges.decided(simulation);
    programs = new TrainingPrograms(graph, manager);
    RangeForm form = estimator.form();
    ProgramSource source = ProgramCompiler.compile(graph, Mode.VALIDATE, form);
    for (ProgramSource.Parameter parameter : source.parameters()) {
      String name = parameter.initializer();
      weights.put(name, parameter(name, graph.initializer(name), learned(name)));
    }
    List<Parameter> pairs = new ArrayList<>();
    for (QuantizerNode node : source.ranges()) {
      for (int i = 0; i < 2; i++) {
        Tensor value = form.value(i, node.spec(), simulation.encoding(node.id()));
        boolean learns = estimator.learnsRanges() && form.learns(i);
        pairs.add(parameter(node.id() + form.suffixes().get(i), value, learns));
      }
    }
    // Nothing waits for shapes to be initialized: the model can be saved from the beginning.
    inputShapes =
        graph.inputs().stream()
            .map(input -> new Shape(input.shape().fix(1).sizes()))
            .toArray(Shape[]::new);
    ranges = new RangeParameters(form, source.ranges(), simulation.encodings(), pairs);
    damping = new OscillationDamping(quantizedWeights(graph), weights, ranges);
  }

  private static List<QuantizerNode> quantizedWeights(Graph graph) {
    return graph.quantizers().stream()
        .filter(q -> q.enabled() && q.parameter() && !q.spec().format().floating())
        .filter(q -> !graph.consumers(q.output()).isEmpty())
        .toList();
  }

  /**
   * Says what batch normalizations do in training batches from now on.
   *
   * @param follow true: normalize with the batch's statistics and let their own follow (as training
   *     from scratch needs); false: use their own, which stay
   */
  public void liveNorms(boolean follow) {
    live = follow;
  }

  /** Lets ranges stay as they are from now on. */
  public void freezeRanges() {
    ranges.all().forEach(parameter -> parameter.freeze(true));
  }

  /**
   * Draws quantized weights toward their codes: adds the gradient of λ·‖clip(w) − Q(w)‖² to those
   * that a backward pass has left. Source: Nagel et al., 2022 (arXiv 2203.11086).
   *
   * @param lambda the term's factor in the loss
   */
  public void damp(double lambda) {
    damping.apply(2 * lambda);
  }

  /** How many quantized weights there are that {@link #damp} acts on. */
  public int quantizedWeights() {
    return damping.size();
  }

  /** Whether an initializer learns: floats do, but for the statistics of normalizations. */
  private boolean learned(String name) {
    return simulation.graph().initializer(name).type() == DataType.FLOAT && !statistics(name);
  }

  /** Whether a normalization reads a tensor as its mean or variance, through a quantizer or not. */
  private boolean statistics(String tensor) {
    for (Node reader : simulation.graph().consumers(tensor)) {
      boolean read =
          reader instanceof OperatorNode node
              ? node.type().equals("BatchNormalization")
                  && node.inputs().subList(3, 5).contains(tensor)
              : reader instanceof QuantizerNode quantizer && statistics(quantizer.output());
      if (read) {
        return true;
      }
    }
    return false;
  }

  private Parameter parameter(String name, Tensor value, boolean learned) {
    // A trainer of a model that was loaded makes all parameters learn but those of this type.
    Parameter.Type type = learned ? Parameter.Type.OTHER : Parameter.Type.RUNNING_MEAN;
    Parameter parameter =
        addParameter(
            Parameter.builder().setName(name).setType(type).optRequiresGrad(learned).build());
    NDArray array = Transfer.toArray(manager, value);
    parameter.setArray(array);
    if (learned) {
      array.setRequiresGradient(true);
    }
    return parameter;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> parameters) {
    InterruptedWorkException.check(() -> "the network's forward pass");
    Inputs.check(simulation.graph().name(), simulation.graph().inputs(), inputs);
    Mode learning = live ? Mode.TRAIN_LIVE_NORMS : Mode.TRAIN;
    Mode mode = training ? learning : Mode.VALIDATE;
    boolean learn = ranges.learn();
    TrainingPrograms.Loaded program =
        learn ? programs.get(mode, ranges.form()) : programs.get(mode);
    NDList arguments = new NDList();
    add(arguments, "x[]", inputs);
    NDManager batch = inputs.head().getManager();
    List<Parameter> read =
        program.source().parameters().stream().map(p -> weight(p.initializer())).toList();
    add(arguments, "p[]", values(store, batch, read, training));
    add(
        arguments,
        "r[]",
        learn
            ? values(store, batch, ranges.all(), training)
            : ranges.fixed(program.source(), manager));
    return program.forward(arguments, training);
  }

  private Parameter weight(String name) {
    return Objects.requireNonNull(weights.get(name), name);
  }

  private NDList values(
      ParameterStore store, NDManager manager, List<Parameter> parameters, boolean training) {
    NDList values = new NDList();
    parameters.forEach(p -> values.add(store.getValue(p, manager.getDevice(), training)));
    if (values.isEmpty()) {
      // A list argument needs an array to exist at all, even where the program reads none of it.
      values.add(manager.zeros(new Shape(1)));
    }
    return values;
  }

  /** The engine collects arrays of one name into one list argument. */
  private static void add(NDList arguments, String list, NDList arrays) {
    for (NDArray array : arrays) {
      array.setName(list);
      arguments.add(array);
    }
  }

  /**
   * Takes the parameters that {@code Model.load} reads; what learned before learns again.
   *
   * @throws MalformedModelException if the file is not of a network of the same parameters
   */
  @Override
  public void loadParameters(NDManager into, DataInputStream stream)
      throws IOException, MalformedModelException {
    List<Parameter> all = List.copyOf(getDirectParameters().values());
    List<NDArray> before = all.stream().map(Parameter::getArray).toList();
    super.loadParameters(into, stream);
    for (int i = 0; i < all.size(); i++) {
      NDArray found = all.get(i).getArray();
      if (!found.getShape().equals(before.get(i).getShape())) {
        throw new MalformedModelException(
            "parameter `%s`: expected shape %s, found %s"
                .formatted(all.get(i).getName(), before.get(i).getShape(), found.getShape()));
      }
      found.setRequiresGradient(all.get(i).requiresGradient());
    }
    before.forEach(NDArray::close);
  }

  /** The names of the network's inputs and their shapes, for a batch of one. */
  @Override
  public PairList<String, Shape> describeInput() {
    List<String> names = simulation.graph().inputs().stream().map(ValueInfo::name).toList();
    return new PairList<>(names, List.of(inputShapes));
  }

  /** All weights and ranges as they are now, by parameter name. */
  public Map<String, Tensor> snapshot() {
    Map<String, Tensor> values = new LinkedHashMap<>();
    for (Parameter parameter : getDirectParameters().values()) {
      values.put(parameter.getName(), Transfer.toTensor(parameter.getArray()));
    }
    return values;
  }

  /**
   * Sets all weights and ranges to what they were.
   *
   * @throws QalibreException if a parameter is missing or of another shape
   */
  public void restore(Map<String, Tensor> values) {
    for (Parameter parameter : getDirectParameters().values()) {
      Tensor value = values.get(parameter.getName());
      NDArray array = parameter.getArray();
      if (value == null || !java.util.Arrays.equals(value.sizes(), array.getShape().getShape())) {
        throw new QalibreException(
            "parameter `%s`: expected shape %s, found %s"
                .formatted(
                    parameter.getName(),
                    array.getShape(),
                    value == null ? "nothing" : value.shape()));
      }
      try (NDArray source = Transfer.toArray(array.getManager(), value)) {
        Assignment.copy(source, array);
      }
    }
  }

  /**
   * The simulation with the weights and encodings as they are now; ranges that reach beyond what
   * the activation function before them lets through are cut there.
   */
  public Simulation freeze() {
    Map<String, Tensor> changed = new LinkedHashMap<>();
    weights.forEach((name, weight) -> changed.put(name, Transfer.toTensor(weight.getArray())));
    return ReachedRanges.cut(
        new Simulation(simulation.graph().withInitializers(changed), ranges.encodings()));
  }

  /** The shapes of the outputs for inputs of these shapes. */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    Graph graph = simulation.graph();
    long batch = inputShapes[0].get(0);
    Map<String, TensorShape> shapes = ShapeInference.infer(graph, batch);
    return graph.outputs().stream()
        .map(output -> new Shape(shapes.getOrDefault(output.name(), output.shape()).sizes()))
        .toArray(Shape[]::new);
  }
}
