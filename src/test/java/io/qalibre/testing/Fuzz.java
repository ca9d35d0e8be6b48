package io.qalibre.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.qalibre.errors.QalibreException;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * What every reader keeps to, whatever bytes it is given: it gives what it has read or a {@link
 * QalibreException} that says what is wrong, in little time and memory.
 *
 * <p>An ordinary run of a fuzz test replays the corpus in {@code src/test/resources}: small valid
 * files, and what fuzzing has found. To fuzz for a minute, starting from the corpus and from what
 * earlier minutes have reached:
 *
 * <pre>{@code JAZZER_FUZZ=1 mvn test -Dtest=OnnxReader_fuzz_Test}</pre>
 *
 * Inputs that fail are written into the corpus, those that reach new code into {@code
 * .cifuzz-corpus}. {@code ./test --full} does so with each fuzz test.
 */
public final class Fuzz {
  /** How long {@code @FuzzTest} goes on. */
  public static final String DURATION = "1m";

  private static final long MOST_BYTES = 1L << 30;
  private static final Duration MOST_TIME = Duration.ofSeconds(5);

  private Fuzz() {}

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

  /**
   * Chooses which classes the fuzzer follows: an ordinary run needs none of its changes to classes,
   * and with all of them a minute would go by before it begins.
   *
   * @param packages such as {@code io.qalibre.export.*}
   */
  public static void follow(String packages) {
    if (System.getenv("JAZZER_FUZZ") == null) {
      System.setProperty("jazzer.hooks", "false");
    } else {
      System.setProperty("jazzer.instrumentation_includes", packages);
    }
  }

  /** Reads something, and checks how that ends. */
  public static void check(Runnable reading) {
    Cost cost = cost(reading);
    if (cost.isHigh()) {
      // The fuzzer rewrites classes when they are first used, which costs more than the reading.
      cost = cost(reading);
    }
    assertThat(cost.isHigh()).as("%s", cost).isFalse();
  }

  private static Cost cost(Runnable reading) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    long start = threads.getCurrentThreadCpuTime();
    try {
      reading.run();
    } catch (QalibreException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
    return new Cost(
        Duration.ofNanos(threads.getCurrentThreadCpuTime() - start),
        threads.getCurrentThreadAllocatedBytes() - before);
  }
}
