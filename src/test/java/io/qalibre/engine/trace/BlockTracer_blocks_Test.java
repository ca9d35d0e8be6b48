package io.qalibre.engine.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import io.qalibre.engine.Runner;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.testing.TracedBlock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traced blocks compute what the blocks compute, for the traced batch size and for another. */
class BlockTracer_blocks_Test {
  private static final double CLOSE = 1e-5;

  @ParameterizedTest
  @MethodSource("io.qalibre.testing.TracedBlocks#blocks")
  void blocks(TracedBlock traced) {
    check(traced);
  }

  @ParameterizedTest
  @MethodSource("io.qalibre.testing.TracedBlocks#networks")
  void networks(TracedBlock traced) {
    check(traced);
  }

  private static void check(TracedBlock traced) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Graph graph = BlockTracer.trace(traced.name(), traced.initialized(manager), traced.inputs());
      graph
          .operators()
          .forEach(
              node ->
                  assumeTrue(
                      OperatorCatalogue.supports(node.type()),
                      node.type() + " is not in the operator catalogue"));
      for (long batch : new long[] {TracedShape.BATCH, 5}) {
        Map<String, Tensor> data = traced.data(batch);
        List<Tensor> expected = traced.outputs(manager, data);
        List<Tensor> found = List.copyOf(Runner.run(Simulation.of(graph), data).values());

        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
          assertThat(found.get(i).sizes()).isEqualTo(expected.get(i).sizes());
          assertThat(TracedBlock.distance(expected.get(i), found.get(i)))
              .as("output %d for %d samples", i, batch)
              .isCloseTo(0, within(CLOSE));
        }
      }
    }
  }
}
