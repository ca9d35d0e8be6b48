package io.qalibre.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.Network;
import io.qalibre.QuantConfig;
import io.qalibre.QuantizedNetwork;
import io.qalibre.errors.QalibreException;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Work that was stopped goes on; other work does not take it for its own. */
class AdaRounding_checkpoint_Test {
  private static final Labelled SAMPLES = Labelled.of(Net.data(1, 64, 4, 6, 6)).batch(16);
  private static final Network NET = RoundedLayers.network();
  private static final AdaRound FEW = AdaRound.iterations(60).batch(16).learningRate(0.03);

  @TempDir private Path folder;

  private static QuantizedNetwork nearest(int bits) {
    return NET.simulate(QuantConfig.int8().withWeightBits(bits)).computeEncodings(SAMPLES);
  }

  private static Map<String, Tensor> constants(QuantizedNetwork network) {
    return network.simulation().graph().initializers();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  @ParameterizedTest(name = "{0} % of the file")
  @ValueSource(ints = {0, 30, 60, 99, 100})
  void what_was_cut_off_is_done_again_and_the_rest_is_taken_over(int percent) throws IOException {
    QuantizedNetwork nearest = nearest(4);
    QuantizedNetwork whole = nearest.adaRound(SAMPLES, FEW);
    QuantizedNetwork first = nearest.adaRound(SAMPLES, FEW.checkpointsIn(folder));
    Path file = files().get(0);
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, Math.max(4, bytes.length * percent / 100)));

    QuantizedNetwork again = nearest.adaRound(SAMPLES, FEW.checkpointsIn(folder));

    assertThat(constants(again)).isEqualTo(constants(whole));
    assertThat(constants(first)).isEqualTo(constants(whole));
    assertThat(Files.size(file)).isEqualTo(bytes.length);
    assertThat(again.rounding().layers()).hasSize(4);
    if (percent == 100) {
      assertThat(again.rounding()).isEqualTo(first.rounding());
    }
  }

  @Test
  void other_work_has_a_file_of_its_own() throws IOException {
    QuantizedNetwork nearest = nearest(4);
    Labelled others = Labelled.of(Net.data(2, 64, 4, 6, 6)).batch(16);

    nearest.adaRound(SAMPLES, FEW.checkpointsIn(folder));
    nearest.adaRound(SAMPLES, FEW.seed(2).checkpointsIn(folder));
    nearest.adaRound(others, FEW.checkpointsIn(folder));
    nearest(3).adaRound(SAMPLES, FEW.checkpointsIn(folder));

    assertThat(files()).hasSize(4);
  }

  @Test
  void a_file_of_another_kind_is_an_error() throws IOException {
    QuantizedNetwork nearest = nearest(4);
    nearest.adaRound(SAMPLES, FEW.checkpointsIn(folder));
    Files.writeString(files().get(0), "something else");

    assertThatThrownBy(() -> nearest.adaRound(SAMPLES, FEW.checkpointsIn(folder)))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("no checkpoint of AdaRound")
        .hasMessageContaining("delete it to begin anew");
  }
}
