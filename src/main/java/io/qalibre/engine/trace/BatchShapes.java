package io.qalibre.engine.trace;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * Finds out which sizes go with the batch. A block is run twice, with two batch sizes: {@link
 * #called} collects the shapes of the first run, {@link #follow} sets those of the second beside
 * them, call by call.
 */
final class BatchShapes implements CallListener {
  private record Seen(String call, List<List<Long>> shapes) {}

  private final List<Seen> seen = new ArrayList<>();
  private final IdentityHashMap<NDArray, List<Long>> others = new IdentityHashMap<>();
  private int next;

  @Override
  public void called(Call call) {
    seen.add(new Seen(call.withNumbers(), call.arrays().stream().map(BatchShapes::sizes).toList()));
  }

  /** Whether the first run called a method. */
  boolean calls(String method) {
    return seen.stream().anyMatch(s -> s.call().startsWith(method + "("));
  }

  /** Says that an array of the second run is what another is in the first. */
  void put(NDArray array, NDArray other) {
    others.put(array, sizes(other));
  }

  /**
   * Takes in a call of the second run.
   *
   * @throws UntraceableBlockException if the first run made another one, or with other numbers
   */
  void follow(Call call) {
    String before = next < seen.size() ? seen.get(next).call() : "nothing";
    List<NDArray> arrays = call.arrays();
    if (!before.equals(call.withNumbers()) || arrays.size() != seen.get(next).shapes().size()) {
      throw new UntraceableBlockException(
          "what the block calls depends on the batch size, so it cannot be traced: %s for %d samples, %s for %d"
              .formatted(call.withNumbers(), TracedShape.BATCH, before, TracedShape.OTHER_BATCH));
    }
    for (int i = 0; i < arrays.size(); i++) {
      others.put(arrays.get(i), seen.get(next).shapes().get(i));
    }
    next++;
  }

  /** The shape of an array of the second run, for both batch sizes. */
  TracedShape shape(NDArray array) {
    List<Long> sizes = sizes(array);
    return new TracedShape(sizes, others.getOrDefault(array, sizes));
  }

  private static List<Long> sizes(NDArray array) {
    return Arrays.stream(array.getShape().getShape()).boxed().toList();
  }
}
