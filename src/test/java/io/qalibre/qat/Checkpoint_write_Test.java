package io.qalibre.qat;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Checkpoint_write_Test {
  @Test
  void what_is_read_is_what_was_written(@TempDir Path folder) {
    History history =
        new History(
            List.of(new History.Epoch(1, 2, 0.5, 80, 0.1, 3)), List.of(0.75, 0.25), 1, false);
    Map<String, Tensor> parameters =
        Map.of(
            "weight", Tensor.of(new float[] {1, -2, 3, Float.MIN_VALUE, 5, 6}, 2, 3),
            "shape", Tensor.of(new long[] {-1, Long.MAX_VALUE}, 2),
            "zero_point", Tensor.of(new int[] {7}, 1),
            "scale", Tensor.scalar(0.5f));
    Checkpoint checkpoint =
        new Checkpoint("a kind", history, parameters, Map.of(), Map.of("m", Tensor.scalar(2)));
    Path file = folder.resolve("a.checkpoint");

    checkpoint.write(file);

    assertThat(Checkpoint.read(file, "a kind")).isEqualTo(checkpoint);
  }
}
