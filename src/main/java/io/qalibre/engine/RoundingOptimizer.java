package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntConsumer;

/**
 * Finds how the weights of a network's layers are best rounded, layer after layer in the order of
 * the graph: so that a layer, fed by the network quantized so far, gives what it gives in the float
 * network. The loss is the squared error after the activation function that follows, summed along
 * the channels and averaged over samples and places.
 *
 * <p>Holds native memory until it is closed.
 *
 * <p>Source: Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization, 2020
 * (arXiv 2004.10568).
 */
public final class RoundingOptimizer implements AutoCloseable {
  /** About as many floats of a chunk stay in the cache: measured on a CPU, flat around it. */
  private static final long CHUNK = 400_000;

  /** The samples of a chunk where only the error is asked for. */
  private static final int MEASURED = 32;

  /** The time in which an interrupt is noticed. */
  private static final double SECONDS_A_CALL = 0.5;

  private static final int FIRST_CALL = 8;

  private static final int MOST_A_CALL = 1000;

  private final Graph graph;
  private final long memory;
  private final ActivationFeed feed;
  private final LayerProgram program;

  private RoundingOptimizer(Graph graph, long memory, ActivationFeed feed, LayerProgram program) {
    this.graph = graph;
    this.memory = memory;
    this.feed = feed;
    this.program = program;
  }

  /**
   * Prepares, reading the samples once.
   *
   * @param graph the float network
   * @param quantized the values of the constants that the quantized network has otherwise
   * @param samples inputs; labels are not looked at
   * @param last the last layer that will be optimized
   * @param memory the bytes that may be taken; where less than what the layers' inputs and outputs
   *     need, they are computed anew for each layer, and looked at in pools
   * @throws QalibreException if there is no sample, or one does not fit
   */
  public static RoundingOptimizer open(
      Graph graph, Map<String, Tensor> quantized, Dataset samples, OperatorNode last, long memory) {
    int end = graph.nodes().indexOf(last) + 1;
    long half = Math.max(1, memory / 2);
    LayerProgram program = new LayerProgram();
    try {
      ActivationFeed feed = new ActivationFeed(graph, quantized, samples, end, half);
      return new RoundingOptimizer(graph, half, feed, program);
    } catch (RuntimeException e) {
      program.close();
      throw e;
    }
  }

  /**
   * How a layer's weight is rounded.
   *
   * @param rounding the start with other arguments
   * @param before the loss with the neighbours chosen at the start
   * @param after the loss with those chosen in the end
   */
  public record Outcome(SoftRounding rounding, double before, double after) {}

  /**
   * Optimizes a layer behind all those optimized before.
   *
   * @param layer a Conv, ConvTranspose, Gemm or MatMul whose second input is an initializer
   * @param start its weight between its neighbours
   * @param descent how
   * @param done is told after how many iterations it is, now and then
   * @throws UnknownFormException if the layer has a form that cannot be optimized
   * @throws InterruptedWorkException if the user asked to stop
   */
  public Outcome optimize(
      OperatorNode layer, SoftRounding start, Descent descent, IntConsumer done) {
    feed.advance(graph.nodes().indexOf(layer));
    LayerData.Source source = new LayerData.Source(feed, program, graph, layer);
    SoftRounding rounding = start;
    Random random = new Random(descent.seed());
    try (NDManager manager = Programs.newManager()) {
      LayerState state = null;
      int pools = 0;
      for (int pool = 0; pool == 0 || pool < pools; pool++) {
        try (LayerData data = LayerData.load(source, pool, pools, memory)) {
          pools = data.pools();
          if (state == null) {
            state = new LayerState(manager, data, start, feed::quantized);
          }
          int from = share(descent.iterations(), pool, pools);
          int to = share(descent.iterations(), pool + 1, pools);
          Draw draw = new Draw(random, data.samples(), descent.batch());
          run(state, data, draw, new Share(descent, from, to, done));
          if (pool == pools - 1) {
            rounding = start.with(state.arguments());
            return new Outcome(rounding, loss(data, state, start), loss(data, state, rounding));
          }
        }
      }
      throw new IllegalStateException("no pool of samples");
    }
  }

  private static int share(int iterations, int pool, int pools) {
    return (int) ((long) iterations * pool / pools);
  }

  /** The iterations that a pool has, from one to before another. */
  private record Share(Descent descent, int from, int to, IntConsumer done) {}

  private void run(LayerState state, LayerData data, Draw draw, Share share) {
    long[] chunks = chunks(data, draw.batch());
    state.scale(data, draw.batch());
    int at = share.from;
    int count = FIRST_CALL;
    while (at < share.to) {
      int from = at;
      int to = Math.min(share.to, at + count);
      InterruptedWorkException.check(() -> "stopped after " + from + " iterations");
      long began = System.nanoTime();
      try (NDManager scope = Programs.newManager()) {
        NDArray rows = Transfer.toArray(scope, draw.rows(to - from));
        program.descend(
            stretch(data.call(penalty(share.descent)), chunks, share.descent, from, to),
            data.inputs(),
            data.targets(),
            rows,
            state.list());
      }
      double each = (System.nanoTime() - began) / 1e9 / (to - from);
      count = (int) Math.max(1, Math.min(MOST_A_CALL, SECONDS_A_CALL / each));
      at = to;
      share.done.accept(at);
    }
  }

  /** The factor of β·|2h − 1|^(β − 1)·sign(2h − 1) in the gradient for the sigmoid. */
  private static double penalty(Descent descent) {
    return -2 * SoftRounding.STRETCH * descent.penalty().factor();
  }

  private static LayerProgram.Stretch stretch(
      LayerProgram.LayerCall call, long[] chunks, Descent descent, int from, int to) {
    double[] betas = new double[to - from];
    double[] rates = new double[to - from];
    double[] floors = new double[to - from];
    for (int i = from; i < to; i++) {
      betas[i - from] = descent.beta(i);
      rates[i - from] = descent.rate(i);
      floors[i - from] = descent.floor(i);
    }
    return new LayerProgram.Stretch(call, chunks, betas, rates, floors);
  }

  private static long[] chunks(LayerData data, int batch) {
    long largest = Math.max(data.inputs().size(), data.targets().size()) / data.samples();
    long fitting = data.form().chunked() ? Math.max(1, CHUNK / Math.max(1, largest)) : batch;
    long count = (batch + fitting - 1) / fitting;
    return new long[] {(batch + count - 1) / count, count};
  }

  private double loss(LayerData data, LayerState state, SoftRounding rounding) {
    long count = (data.samples() + MEASURED - 1) / MEASURED;
    try (NDManager scope = Programs.newManager()) {
      List<NDArray> constants =
          List.of(data.weight(scope, rounding.chosen()), state.bias(), state.slope());
      double sum =
          program.error(
              data.inputs(), data.targets(), constants, data.call(0), new long[] {MEASURED, count});
      return sum / (data.samples() * data.positions());
    }
  }

  /** Says what a layer's weight is from now on: later layers see it. */
  public void fix(String weight, Tensor value) {
    feed.change(weight, value);
  }

  @Override
  public void close() {
    feed.close();
    program.close();
  }
}
