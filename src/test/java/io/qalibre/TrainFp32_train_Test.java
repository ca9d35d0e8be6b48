package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.qalibre.data.Datasets;
import io.qalibre.data.ImageSplits;
import io.qalibre.errors.QalibreException;
import io.qalibre.qat.Fp32;
import io.qalibre.qat.Training;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainFp32_train_Test {
  private static ImageSplits few() {
    ImageSplits all = Datasets.fashionMnist().as(3, 32);
    return new ImageSplits(
        all.training().first(256), all.validation().first(64), all.test().first(64));
  }

  @Test
  void a_network_is_trained_written_and_loads_into_the_simulation(@TempDir Path folder)
      throws Exception {
    ImageSplits data = few();

    Network trained = TrainFp32.train("mobilenet_v2", data, List.of(Fp32.epochs(1)), folder);

    Network loaded = Qalibre.load(folder.resolve("mobilenet_v2.onnx"));
    assertThat(loaded.graph().initializers()).isEqualTo(trained.graph().initializers());
    assertThat(
            loaded
                .equalizeLayers()
                .simulate(QuantConfig.int8())
                .computeEncodings(data.calibration(64))
                .evaluate(data.validation())
                .n())
        .isEqualTo(64);
    assertThat(folder.resolve("mobilenet_v2.checkpoint")).exists();
    assertThat(folder.resolve("mobilenet_v2.log"))
        .content()
        .contains(
            "1 epochs of 256 training pictures",
            "epoch 1: 2 steps",
            " kept; on the test pictures ");
    JsonNode entry =
        new ObjectMapper().readTree(folder.resolve("models.json").toFile()).get("mobilenet_v2");
    assertThat(entry.get("n").asInt()).isEqualTo(64);
    assertThat(entry.get("top1").asDouble())
        .isCloseTo(loaded.evaluate(data.test()).top1(), within(0.005));
    assertThat(entry.get("bytes").asLong())
        .isEqualTo(Files.size(folder.resolve("mobilenet_v2.onnx")));
  }

  @Test
  void a_second_network_is_added_to_the_file_of_models(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("models.json"), "{\"other\": {\"n\": 1}}");

    TrainFp32.train("mobilenet_v2", few(), List.of(Fp32.epochs(1)), folder);

    JsonNode models = new ObjectMapper().readTree(folder.resolve("models.json").toFile());
    assertThat(models.fieldNames()).toIterable().containsExactly("other", "mobilenet_v2");
  }

  @Test
  void a_cycle_goes_on_from_the_best_network_of_the_one_before(@TempDir Path folder)
      throws Exception {
    List<Training> cycles = List.of(Fp32.epochs(1), Fp32.epochs(2));

    Network trained = TrainFp32.train("mobilenet_v2", few(), cycles, folder);

    Path log = folder.resolve("mobilenet_v2.log");
    assertThat(log)
        .content()
        .contains("1 + 2 epochs of 256 training pictures")
        .containsSubsequence("epoch 1: 2 steps", "epoch 2: 2 steps", "epoch 3: 4 steps");
    JsonNode entry =
        new ObjectMapper().readTree(folder.resolve("models.json").toFile()).get("mobilenet_v2");
    assertThat(entry.get("command").asText())
        .isEqualTo("TrainFp32 mobilenet_v2 1+2 " + folder + " 256");

    // All cycles are done: nothing is left to train.
    Network again = TrainFp32.train("mobilenet_v2", few(), cycles, folder);

    assertThat(again.graph().initializers()).isEqualTo(trained.graph().initializers());
    assertThat(log).content().containsOnlyOnce("epoch 1:").containsOnlyOnce("epoch 3:");
  }

  @Test
  void wrong_arguments_are_errors_that_say_what_is_expected(@TempDir Path folder) {
    assertThatThrownBy(() -> TrainFp32.train("mobilenet", few(), List.of(Fp32.epochs(1)), folder))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("did you mean `mobilenet_v2`");
    assertThatThrownBy(() -> TrainFp32.main(new String[] {"resnet50"}))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("a number of epochs");
    assertThatThrownBy(() -> TrainFp32.main(new String[] {"resnet50", "ten", "out"}))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`ten`");
    assertThatThrownBy(() -> TrainFp32.main(new String[] {"resnet50", "3+x", "out"}))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("`x`");
  }
}
