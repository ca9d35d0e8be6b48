package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.ValueInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Runs networks, float or simulated, and measures how good their answers are. */
public final class Runner {
  private Runner() {}

  /**
   * Runs one batch.
   *
   * @param inputs a tensor for each input, by name
   * @return the outputs by name
   * @throws UnknownNameException if a name is no input
   * @throws QalibreException if an input is missing or has the wrong shape
   */
  public static Map<String, Tensor> run(Simulation simulation, Map<String, Tensor> inputs) {
    List<ValueInfo> expected = simulation.graph().inputs();
    List<String> names = expected.stream().map(ValueInfo::name).toList();
    for (String name : inputs.keySet()) {
      if (!names.contains(name)) {
        throw new UnknownNameException("input", name, simulation.graph().name(), names);
      }
    }
    try (Session session = Session.open(simulation, Mode.INFER);
        NDManager manager = session.newManager()) {
      return outputs(simulation, session.forward(manager, inputs(simulation, inputs, manager)));
    }
  }

  private static NDList inputs(
      Simulation simulation, Map<String, Tensor> inputs, NDManager manager) {
    NDList arrays = new NDList();
    for (ValueInfo info : simulation.graph().inputs()) {
      Tensor tensor = inputs.get(info.name());
      if (tensor == null) {
        throw new QalibreException(
            "input `" + info.name() + "` is missing; it takes " + info.shape());
      }
      NDArray array = Transfer.toArray(manager, tensor);
      Inputs.check(info, array);
      arrays.add(array);
    }
    return arrays;
  }

  /**
   * Measures a classifier's accuracy.
   *
   * @param dataset batches of inputs with class indices as labels
   * @throws QalibreException if the dataset is empty or does not fit
   * @throws InterruptedWorkException if the user asked to stop
   */
  public static Accuracy accuracy(Simulation simulation, Dataset dataset) {
    return Accuracy.of(ranks(simulation, dataset));
  }

  /**
   * How many classes are more likely than the label, for each sample in the dataset's order; see
   * {@link Ranks}.
   *
   * @param dataset batches of inputs with class indices as labels
   * @throws QalibreException if the dataset is empty or does not fit
   * @throws InterruptedWorkException if the user asked to stop
   */
  public static int[] ranks(Simulation simulation, Dataset dataset) {
    IntStream.Builder ranks = IntStream.builder();
    forEach(
        simulation,
        dataset,
        (outputs, labels) -> {
          for (int rank : Ranks.of(outputs, labels)) {
            ranks.add(rank);
          }
        });
    return ranks.build().toArray();
  }

  /**
   * Measures with the user's own metric.
   *
   * @throws QalibreException if the dataset is empty or does not fit, or the metric gives NaN or
   *     not one number a sample
   */
  public static Score score(Simulation simulation, Dataset dataset, Metric metric) {
    List<Double> values = new ArrayList<>();
    forEach(
        simulation,
        dataset,
        (outputs, labels) -> {
          double[] scores = metric.score(outputs, labels);
          long samples = outputs.values().iterator().next().sizes()[0];
          if (scores.length != samples) {
            throw new QalibreException(
                "the metric gave %d numbers for a batch of %d samples"
                    .formatted(scores.length, samples));
          }
          for (double value : scores) {
            if (Double.isNaN(value)) {
              throw new QalibreException("the metric gave NaN for sample " + values.size());
            }
            values.add(value);
          }
        });
    return new Score(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** What is done with a batch's outputs. */
  @FunctionalInterface
  public interface OutputConsumer {
    /**
     * Takes a batch.
     *
     * @param outputs the outputs by name
     * @param labels the dataset's labels
     */
    void accept(Map<String, Tensor> outputs, List<Tensor> labels);
  }

  /** Runs a whole dataset and hands each batch's outputs to a consumer. */
  public static void forEach(Simulation simulation, Dataset dataset, OutputConsumer consumer) {
    forEach("evaluate", simulation, dataset, consumer);
  }

  /**
   * Runs a whole dataset and hands each batch's outputs to a consumer.
   *
   * @param title what is being done, for the progress line and for errors
   * @return the number of samples, at least 1
   * @throws QalibreException if the dataset is empty or does not fit
   * @throws InterruptedWorkException if the user asked to stop
   */
  public static long forEach(
      String title, Simulation simulation, Dataset dataset, OutputConsumer consumer) {
    try (Session session = Session.open(simulation, Mode.INFER)) {
      return new Batches(simulation.graph(), title)
          .forEach(
              session,
              dataset,
              (manager, inputs, labels) ->
                  consumer.accept(
                      outputs(simulation, session.forward(manager, inputs)),
                      labels.stream().map(Transfer::toTensor).toList()));
    }
  }

  /**
   * Runs batches that are in memory already and hands each batch's outputs to a consumer.
   *
   * @param batches each holds a tensor for each input, by name, and maybe others
   * @throws InterruptedWorkException if the user asked to stop
   */
  public static void forEach(
      Simulation simulation,
      List<Map<String, Tensor>> batches,
      Consumer<Map<String, Tensor>> consumer) {
    try (Session session = Session.open(simulation, Mode.INFER)) {
      for (int i = 0; i < batches.size(); i++) {
        int done = i;
        InterruptedWorkException.check(
            () -> "stopped after %d of %d batches".formatted(done, batches.size()));
        try (NDManager manager = session.newManager()) {
          NDList arrays = inputs(simulation, batches.get(i), manager);
          consumer.accept(outputs(simulation, session.forward(manager, arrays)));
        }
      }
    }
  }

  private static Map<String, Tensor> outputs(Simulation simulation, NDList arrays) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    List<ValueInfo> expected = simulation.graph().outputs();
    for (int i = 0; i < expected.size(); i++) {
      NDArray array = arrays.get(i);
      outputs.put(expected.get(i).name(), Transfer.toTensor(array, expected.get(i).type()));
    }
    return outputs;
  }
}
