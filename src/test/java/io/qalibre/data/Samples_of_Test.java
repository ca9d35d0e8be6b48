package io.qalibre.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Batch;
import io.qalibre.errors.InterruptedWorkException;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class Samples_of_Test {
  private static final Tensor TWO_BY_TWO = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);

  @Test
  void arrays_come_named_and_in_the_first_maps_order() {
    Map<String, Tensor> first = new LinkedHashMap<>();
    first.put("pixels", TWO_BY_TWO);
    first.put("ids", Tensor.of(new long[] {7, 8}, 2));
    Map<String, Tensor> second = new LinkedHashMap<>();
    second.put("ids", Tensor.of(new long[] {9}, 1));
    second.put("pixels", Tensor.of(new float[] {5, 6}, 1, 2));
    Samples samples = Samples.of(List.of(first, second));

    assertThat(samples.size()).isEqualTo(3);
    List<Object> indices = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      for (Batch batch : samples.getData(manager)) {
        assertThat(batch.getData().stream().map(NDArray::getName)).containsExactly("pixels", "ids");
        assertThat(batch.getLabels()).isEmpty();
        indices.addAll(batch.getIndices());
        if (batch.getSize() == 2) {
          assertThat(batch.getData().get(0).getShape()).isEqualTo(new Shape(2, 2));
          assertThat(batch.getData().get(0).toFloatArray()).containsExactly(1, 2, 3, 4);
          assertThat(batch.getData().get(1).getDataType()).isEqualTo(DataType.INT64);
          assertThat(batch.getData().get(1).toLongArray()).containsExactly(7, 8);
        } else {
          assertThat(batch.getData().get(0).toFloatArray()).containsExactly(5, 6);
        }
        batch.close();
        assertThat(manager.getManagedArrays()).isEmpty();
      }
    }
    assertThat(indices).isEqualTo(List.of(0L, 1L, 2L));
  }

  @Test
  void can_be_passed_through_again() {
    Samples samples = Samples.of(List.of(Map.of("input", TWO_BY_TWO)));
    try (NDManager manager = NDManager.newBaseManager()) {
      Iterable<Batch> batches = samples.getData(manager);
      for (int pass = 0; pass < 2; pass++) {
        try (Batch batch = batches.iterator().next()) {
          assertThat(batch.getProgress()).isEqualTo(2);
          assertThat(batch.getIndices()).isEqualTo(List.of(0L, 1L));
        }
      }
    }
  }

  @Test
  void every_element_type_arrives() {
    Map<String, Tensor> batch = new LinkedHashMap<>();
    batch.put("i32", Tensor.of(new int[] {-3}, 1));
    for (var type :
        List.of(
            io.qalibre.graph.DataType.UINT8,
            io.qalibre.graph.DataType.INT8,
            io.qalibre.graph.DataType.BOOL)) {
      batch.put(type.name(), Tensor.of(type, java.nio.ByteBuffer.wrap(new byte[] {1}), 1));
    }
    try (NDManager manager = NDManager.newBaseManager();
        Batch loaded = Samples.of(List.of(batch)).getData(manager).iterator().next()) {
      assertThat(loaded.getData().stream().map(NDArray::getDataType))
          .containsExactly(DataType.INT32, DataType.UINT8, DataType.INT8, DataType.BOOLEAN);
      assertThat(loaded.getData().get(0).toIntArray()).containsExactly(-3);
      assertThat(loaded.getData().get(3).toBooleanArray()).containsExactly(true);
    }
  }

  @Test
  void an_interrupt_ends_the_pass() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Iterable<Batch> batches = Samples.of(List.of(Map.of("input", TWO_BY_TWO))).getData(manager);
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> batches.iterator().next())
          .isInstanceOf(InterruptedWorkException.class);
    }
  }

  @Test
  void no_batches_and_no_inputs_are_errors() {
    assertThatThrownBy(() -> Samples.of(List.of()))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("found none");
    assertThatThrownBy(() -> Samples.of(List.of(Map.of())))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no inputs");
  }

  @Test
  void different_inputs_are_an_error_that_shows_both() {
    assertThatThrownBy(
            () -> Samples.of(List.of(Map.of("input", TWO_BY_TWO), Map.of("inputs", TWO_BY_TWO))))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("batch 1", "[inputs]", "[input]");
  }

  @Test
  void wrong_first_dimensions_are_errors() {
    Map<String, Tensor> uneven = new LinkedHashMap<>();
    uneven.put("a", TWO_BY_TWO);
    uneven.put("b", Tensor.of(new float[] {1, 2, 3}, 3));
    assertThatThrownBy(() -> Samples.of(List.of(uneven)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContainingAll("`b`", "2 as the other inputs", "[3]");
    assertThatThrownBy(() -> Samples.of(List.of(Map.of("a", Tensor.scalar(1)))))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("[]");
    assertThatThrownBy(() -> Samples.of(List.of(Map.of("a", Tensor.of(new float[0], 0, 2)))))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("[0, 2]");
  }
}
