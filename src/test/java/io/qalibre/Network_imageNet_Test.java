package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.data.Datasets;
import io.qalibre.data.ImageDataset;
import io.qalibre.data.ImageSplits;
import io.qalibre.data.Preprocessing;
import io.qalibre.engine.Score;
import io.qalibre.graph.Tensor;
import io.qalibre.testing.ImageNetSample;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * EfficientNet-Lite0 on the pictures of {@code ../shared/imagenet}, beside what Pillow and ONNX
 * Runtime make of them ({@code scripts/imagenet_answers.py}).
 */
class Network_imageNet_Test {
  /** A picture: its class, and what a network answers. */
  private record Answer(int label, int answer) implements Comparable<Answer> {
    @Override
    public int compareTo(Answer other) {
      return label == other.label
          ? Integer.compare(answer, other.answer)
          : Integer.compare(label, other.label);
    }
  }

  private static List<Answer> expected() throws IOException {
    try (InputStream in =
            Objects.requireNonNull(
                Network_imageNet_Test.class.getResourceAsStream("/golden/imagenet_answers.csv"));
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return lines
          .lines()
          .skip(1)
          .map(line -> line.split(","))
          .map(line -> new Answer(Integer.parseInt(line[1]), Integer.parseInt(line[2])))
          .sorted()
          .toList();
    }
  }

  private static double[] mostLikely(Map<String, Tensor> outputs, List<Tensor> labels) {
    Tensor logits = outputs.values().iterator().next();
    int classes = (int) logits.sizes()[1];
    float[] values = logits.floats();
    double[] answers = new double[values.length / classes];
    for (int i = 0; i < answers.length; i++) {
      int from = i * classes;
      answers[i] =
          IntStream.range(0, classes)
              .reduce((best, other) -> values[from + other] > values[from + best] ? other : best)
              .orElseThrow();
    }
    return answers;
  }

  @Test
  void answers_are_those_of_Pillow_and_ONNX_Runtime() throws IOException {
    Path model = ImageNetSample.file("efficientnet_lite0.onnx");
    Network net = Qalibre.load(model);
    ImageSplits data = Datasets.imageFolder(model.getParent(), Preprocessing.EFFICIENTNET_LITE0);

    List<Answer> found = new ArrayList<>();
    for (ImageDataset part :
        List.of(data.training().unaugmented().ordered(), data.validation(), data.test())) {
      Score answers = net.evaluate(part, Network_imageNet_Test::mostLikely);
      int[] labels = part.labels();
      for (int i = 0; i < labels.length; i++) {
        found.add(new Answer(labels[i], (int) answers.values()[i]));
      }
    }
    Collections.sort(found);

    // One picture a class: sorted by class, they are the same pictures.
    List<Answer> expected = expected();
    assertThat(found).hasSize(expected.size());
    assertThat(found.stream().map(Answer::label))
        .isEqualTo(expected.stream().map(Answer::label).toList());
    long same =
        IntStream.range(0, found.size()).filter(i -> found.get(i).equals(expected.get(i))).count();
    assertThat(100.0 * same / found.size()).isGreaterThanOrEqualTo(98);
    System.out.printf("%d of %d answers are the same%n", same, found.size());
  }
}
