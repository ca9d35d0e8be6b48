package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.quant.TensorEncoding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A simulation as a DJL Block: one TorchScript program whose parameters are the weights, by their
 * tensor names, and the range of each quantizer, as {@code <tensor>.range_min} and {@code
 * .range_max}. It trains under any DJL trainer and optimizer.
 *
 * <p>Batch normalizations that are not folded keep their statistics and learn γ and β only, unless
 * {@link #liveNorms} lets them use and follow each training batch's. Dropouts drop in training
 * batches only.
 */
public final class TrainableBlock extends AbstractBlock {
  private static final byte VERSION = 1;

  private final Simulation simulation;
  private final ProgramSource source;
  private final PtSymbolBlock validating;
  private final PtSymbolBlock training;
  private final PtSymbolBlock trainingLive;
  private final List<Parameter> weights = new ArrayList<>();
  private final List<Parameter> ranges = new ArrayList<>();
  private boolean live;

  /**
   * Creates the block; its arrays live in the manager given.
   *
   * @param simulation the graph and the encodings to start from
   * @param manager the model's manager
   */
  @SuppressWarnings("this-escape") // adding parameters is how DJL's blocks are built
  public TrainableBlock(Simulation simulation, NDManager manager) {
    super(VERSION);
    this.simulation = simulation;
    Graph graph = LearnedRanges.decided(simulation);
    source = ProgramCompiler.compile(graph, Mode.VALIDATE);
    // Where there is nothing to drop or to normalize, the programs are one.
    Map<String, PtSymbolBlock> programs = new HashMap<>();
    Function<Mode, PtSymbolBlock> load =
        mode ->
            programs.computeIfAbsent(
                ProgramCompiler.compile(graph, mode).code(), code -> Programs.load(manager, code));
    validating = load.apply(Mode.VALIDATE);
    training = load.apply(Mode.TRAIN);
    trainingLive = load.apply(Mode.TRAIN_LIVE_NORMS);
    for (ProgramSource.Parameter parameter : source.parameters()) {
      Tensor value = simulation.graph().initializer(parameter.initializer());
      weights.add(parameter(manager, parameter.initializer(), value, learned(parameter)));
    }
    for (QuantizerNode node : source.ranges()) {
      TensorEncoding encoding = simulation.encoding(node.id());
      ranges.add(parameter(manager, RangeNames.min(node.id()), LearnedRanges.min(encoding), true));
      ranges.add(parameter(manager, RangeNames.max(node.id()), LearnedRanges.max(encoding), true));
    }
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

  private boolean learned(ProgramSource.Parameter parameter) {
    String name = parameter.initializer();
    return simulation.graph().initializer(name).type() == DataType.FLOAT
        && simulation.graph().operators().stream()
            .filter(n -> n.type().equals("BatchNormalization"))
            .flatMap(n -> n.inputs().subList(3, 5).stream())
            .noneMatch(statistic -> source(statistic).equals(name));
  }

  /** The tensor that an operator reads, before its quantizer. */
  private String source(String read) {
    return simulation.graph().producer(read).orElse(null) instanceof QuantizerNode quantizer
        ? quantizer.input()
        : read;
  }

  private Parameter parameter(NDManager manager, String name, Tensor value, boolean learned) {
    Parameter parameter =
        addParameter(
            Parameter.builder()
                .setName(name)
                .setType(Parameter.Type.OTHER)
                .optRequiresGrad(learned)
                .build());
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
    check(inputs);
    NDList arguments = new NDList();
    add(arguments, "x[]", inputs);
    NDManager manager = inputs.head().getManager();
    add(arguments, "p[]", values(store, manager, weights, training));
    add(arguments, "r[]", values(store, manager, ranges, training));
    PtSymbolBlock learning = live ? trainingLive : this.training;
    return forward(training ? learning : validating, arguments, training);
  }

  /**
   * Runs a program as it is written. TorchScript's optimizer would compile it anew after the first
   * call, with gradients that differ in the last bits: a resumed training would not end where an
   * uninterrupted one does. Nor is what it compiles any faster.
   */
  private static NDList forward(PtSymbolBlock program, NDList arguments, boolean training) {
    JniUtils.setGraphExecutorOptimize(false);
    try {
      return IValueUtils.forward(program, arguments, training);
    } finally {
      JniUtils.setGraphExecutorOptimize(true);
    }
  }

  private void check(NDList inputs) {
    List<ValueInfo> expected = simulation.graph().inputs();
    if (inputs.size() != expected.size()) {
      throw new QalibreException(
          "%s takes %d inputs %s, found %d"
              .formatted(
                  simulation.graph().name(),
                  expected.size(),
                  expected.stream().map(ValueInfo::name).toList(),
                  inputs.size()));
    }
    for (int i = 0; i < expected.size(); i++) {
      Inputs.check(expected.get(i), inputs.get(i));
    }
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

  /** The simulation with the weights and encodings as they are now. */
  public Simulation freeze() {
    Map<String, Tensor> changed = new LinkedHashMap<>();
    for (int i = 0; i < weights.size(); i++) {
      String name = source.parameters().get(i).initializer();
      changed.put(name, Transfer.toTensor(weights.get(i).getArray()));
    }
    Map<String, TensorEncoding> encodings = new LinkedHashMap<>(simulation.encodings());
    for (int i = 0; i < source.ranges().size(); i++) {
      QuantizerNode node = source.ranges().get(i);
      encodings.put(
          node.id(),
          LearnedRanges.encoding(
              node.spec(),
              Transfer.toTensor(ranges.get(2 * i).getArray()).floats(),
              Transfer.toTensor(ranges.get(2 * i + 1).getArray()).floats()));
    }
    return new Simulation(simulation.graph().withInitializers(changed), encodings);
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
