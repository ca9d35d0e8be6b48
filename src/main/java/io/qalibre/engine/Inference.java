package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.ValueInfo;
import java.util.List;

/**
 * A network held ready to answer batch after batch, without gradients. It holds native memory until
 * it is closed.
 */
public final class Inference implements AutoCloseable {
  private final Simulation simulation;
  private final Session session;

  private Inference(Simulation simulation) {
    this.simulation = simulation;
    session = Session.open(simulation, Mode.INFER);
  }

  /** Makes a network ready. */
  public static Inference open(Simulation simulation) {
    return new Inference(simulation);
  }

  /**
   * The outputs for a batch; they belong to the manager of the first input.
   *
   * @param inputs an array for each input of the network, in order
   * @throws QalibreException if there are more or fewer, or one is of another shape
   */
  public NDList forward(NDList inputs) {
    List<ValueInfo> expected = simulation.graph().inputs();
    Inputs.check(simulation.graph().name(), expected, inputs);
    NDArray first = inputs.head();
    return session.forward(first.getManager(), inputs);
  }

  @Override
  public void close() {
    session.close();
  }
}
