package io.qalibre.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.qalibre.graph.Tensor;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class Transfer_toArray_Test {
  @Test
  void takes_no_memory_that_only_the_garbage_collector_gives_back() {
    Tensor tensor = Tensor.of(new float[1_000_000], 1000, 1000);
    BufferPoolMXBean direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .findFirst()
            .orElseThrow();
    try (NDManager manager = Programs.newManager()) {
      Transfer.toArray(manager, tensor).close();
      long before = direct.getCount();

      Transfer.toArray(manager, tensor).close();

      assertThat(direct.getCount()).isLessThanOrEqualTo(before);
    }
  }

  @Test
  void keeps_the_numbers() {
    Tensor tensor = Tensor.of(new float[] {1, -0f, Float.NaN, 4, 5, Float.MAX_VALUE}, 2, 3);
    try (NDManager manager = Programs.newManager()) {
      NDArray array = Transfer.toArray(manager, tensor);

      assertThat(array.getShape()).isEqualTo(new Shape(2, 3));
      assertThat(Transfer.toTensor(array).bytes()).isEqualTo(tensor.bytes());
    }
  }

  @Test
  void may_be_empty() {
    try (NDManager manager = Programs.newManager()) {
      NDArray array = Transfer.toArray(manager, Tensor.of(new float[0], 0, 3));

      assertThat(array.getShape()).isEqualTo(new Shape(0, 3));
    }
  }
}
