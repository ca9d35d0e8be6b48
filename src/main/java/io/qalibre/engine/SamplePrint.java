package io.qalibre.engine;

import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Dataset;
import io.qalibre.graph.Fingerprint;
import io.qalibre.graph.Graph;

/** Tells samples from others, so that work that was done with them can be known again. */
public final class SamplePrint {
  private SamplePrint() {}

  /**
   * The fingerprint of all samples, to the bit; labels are not looked at. The samples are read
   * once.
   *
   * @param graph the network that takes them
   * @param title what is being done, for the progress line and errors
   * @throws io.qalibre.errors.QalibreException if there is no sample, or one does not fit
   */
  public static String of(Graph graph, Dataset samples, String title) {
    Fingerprint print = Fingerprint.begin();
    try (NDManager manager = Programs.newManager()) {
      new Batches(graph, title)
          .forEach(
              manager,
              samples,
              (scope, inputs, labels) ->
                  inputs.forEach(
                      input -> print.add(input.getShape().toString()).add(input.toByteBuffer())));
    }
    return print.text();
  }
}
