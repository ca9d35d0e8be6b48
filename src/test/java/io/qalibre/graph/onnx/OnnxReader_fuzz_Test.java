package io.qalibre.graph.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ShapeInference;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;

/**
 * Whatever bytes the reader is given, it reads a graph or says what is wrong, in little time and
 * memory; what it has read can be written and read again.
 *
 * <p>An ordinary run replays the corpus under {@code
 * src/test/resources/io/qalibre/graph/onnx/OnnxReader_fuzz_TestInputs/read}: small valid models,
 * and what fuzzing has found. To fuzz for an hour, starting from the corpus:
 *
 * <pre>{@code JAZZER_FUZZ=1 mvn test -Dtest=OnnxReader_fuzz_Test}</pre>
 *
 * Inputs that fail are written into that folder, those that reach new code into {@code
 * .cifuzz-corpus}.
 */
class OnnxReader_fuzz_Test {
  private static final long MOST_BYTES = 1L << 30;
  private static final Duration MOST_TIME = Duration.ofSeconds(5);

  /**
   * What an input costs.
   *
   * @param time of the processor: what else the machine does is not the input's fault
   * @param bytes allocated
   */
  private record Cost(Duration time, long bytes) {
    boolean isHigh() {
      return time.compareTo(MOST_TIME) > 0 || bytes > MOST_BYTES;
    }
  }

  /** An ordinary run needs none of the fuzzer's changes to the classes of this process. */
  @BeforeAll
  static void instrumentOnlyToFuzz() {
    if (System.getenv("JAZZER_FUZZ") == null) {
      System.setProperty("jazzer.hooks", "false");
    }
  }

  @FuzzTest(maxDuration = "1h")
  void read(byte[] bytes) {
    Cost cost = cost(bytes);
    if (cost.isHigh()) {
      // The fuzzer rewrites classes when they are first used, which costs more than the reading.
      cost = cost(bytes);
    }
    assertThat(cost.isHigh()).as("%s", cost).isFalse();
  }

  private static Cost cost(byte[] bytes) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    long start = threads.getCurrentThreadCpuTime();
    try {
      readAndWrite(bytes);
    } catch (QalibreException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
    return new Cost(
        Duration.ofNanos(threads.getCurrentThreadCpuTime() - start),
        threads.getCurrentThreadAllocatedBytes() - before);
  }

  private static void readAndWrite(byte[] bytes) {
    Graph graph = OnnxReader.read("fuzz.onnx", bytes);
    Graph again = OnnxReader.read("fuzz.onnx", OnnxWriter.toBytes(graph));
    assertThat(again.nodes()).isEqualTo(graph.nodes());
    assertThat(again.initializers()).isEqualTo(graph.initializers());
    assertThat(again.inputs()).isEqualTo(graph.inputs());
    assertThat(again.outputs()).isEqualTo(graph.outputs());
    ShapeInference.infer(graph);
  }
}
