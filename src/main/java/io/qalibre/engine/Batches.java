package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Batch;
import ai.djl.training.dataset.Dataset;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.translate.TranslateException;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.errors.UnknownNameException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ValueInfo;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import java.io.IOException;
import java.util.List;
import java.util.function.LongConsumer;

/** Runs through a dataset's batches: checks, reports progress, and stops when asked to. */
final class Batches {
  private final Graph graph;
  private final String title;

  /**
   * Prepares to feed a graph.
   *
   * @param title what is being done, for the progress line
   */
  Batches(Graph graph, String title) {
    this.graph = graph;
    this.title = title;
  }

  /** What is done with a batch; its arrays are closed afterwards. */
  @FunctionalInterface
  interface Consumer {
    void accept(NDManager manager, NDList inputs, NDList labels);
  }

  /** What is done with a batch in several steps, of which it tells how many are done. */
  @FunctionalInterface
  interface SteppedConsumer {
    void accept(NDManager manager, NDList inputs, NDList labels, LongConsumer steps);
  }

  /**
   * Feeds every batch of a dataset to a consumer.
   *
   * @param session whose manager the batches' arrays hang from
   * @return the number of samples
   * @throws QalibreException if the dataset is empty, or its samples do not fit the graph's inputs
   * @throws InterruptedWorkException if the user asked to stop
   */
  long forEach(Session session, Dataset dataset, Consumer consumer) {
    try (NDManager manager = session.newManager()) {
      return forEach(manager, dataset, consumer);
    }
  }

  /** The same with a manager that the batches' arrays hang from. */
  long forEach(NDManager parent, Dataset dataset, Consumer consumer) {
    return forEach(
        parent,
        dataset,
        1,
        (manager, inputs, labels, steps) -> consumer.accept(manager, inputs, labels));
  }

  /**
   * The same where a batch takes long.
   *
   * @param stepsEach how many steps a batch takes
   */
  long forEach(NDManager parent, Dataset dataset, int stepsEach, SteppedConsumer consumer) {
    long done = 0;
    long size = prepare(dataset);
    try (NDManager manager = parent.newSubManager();
        Task task = Progress.start(title, size * stepsEach)) {
      for (Batch batch : dataset.getData(manager)) {
        long samples = done;
        InterruptedWorkException.check(() -> title + " stopped after " + samples + " samples");
        try (batch;
            NDManager scope = manager.newSubManager()) {
          consumer.accept(
              scope,
              inputs(batch.getData()),
              batch.getLabels(),
              steps -> task.update(samples * stepsEach + steps * batch.getSize(), ""));
          done += batch.getSize();
        }
        task.update(done * stepsEach, "");
      }
    } catch (IOException | TranslateException e) {
      throw new QalibreException(title + ": the dataset failed: " + e.getMessage(), e);
    }
    if (done == 0) {
      throw new QalibreException(title + ": the dataset is empty; expected at least one sample");
    }
    return done;
  }

  /** Makes a dataset ready; returns its size, 0 where it does not know. */
  private long prepare(Dataset dataset) {
    try {
      dataset.prepare();
    } catch (IOException | TranslateException e) {
      throw new QalibreException(title + ": the dataset failed: " + e.getMessage(), e);
    }
    // Many of DJL's datasets know their size only now.
    return dataset instanceof RandomAccessDataset sized ? sized.size() : 0;
  }

  /** Arrays that bear names bear those of the inputs; pictures of a plain dataset have none. */
  private void requireKnownNames(NDList data) {
    List<String> names = graph.inputs().stream().map(ValueInfo::name).toList();
    for (NDArray array : data) {
      String name = array.getName();
      if (name != null && !name.isEmpty() && !names.contains(name)) {
        throw new UnknownNameException("input", name, graph.name(), names);
      }
    }
  }

  /** The graph's inputs from a batch: by name where the arrays are named, else in order. */
  private NDList inputs(NDList data) {
    List<ValueInfo> expected = graph.inputs();
    if (data.size() != expected.size()) {
      throw new QalibreException(
          title
              + ": "
              + graph.name()
              + " takes "
              + expected.size()
              + " inputs "
              + expected.stream().map(ValueInfo::name).toList()
              + ", the dataset gives "
              + data.size());
    }
    requireKnownNames(data);
    NDList inputs = new NDList();
    for (int i = 0; i < expected.size(); i++) {
      ValueInfo info = expected.get(i);
      NDArray named = data.get(info.name());
      NDArray array = named == null ? data.get(i) : named;
      Inputs.check(info, array);
      inputs.add(array);
    }
    return inputs;
  }
}
