package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.data.Datasets;
import io.qalibre.data.ImageSplits;
import io.qalibre.errors.QalibreException;
import io.qalibre.models.MnistNet;
import io.qalibre.ptq.AdaRound;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizedNetwork_report_Test {
  private static final Pattern PICTURE = Pattern.compile("src=\"data:image/png;base64,([^\"]*)\"");

  private final ImageSplits data = Datasets.fashionMnist();
  private final QuantizedNetwork quantized =
      Qalibre.of(MnistNet.graph(1))
          .equalizeLayers()
          .simulate(QuantConfig.int8().withWeightBits(4))
          .computeEncodings(data.calibration(64))
          .adaRound(data.calibration(64), AdaRound.iterations(20));

  @TempDir private Path folder;

  private static List<String> matches(Pattern pattern, String text) {
    return pattern.matcher(text).results().map((MatchResult found) -> found.group(1)).toList();
  }

  @Test
  void the_page_tells_the_whole_story() throws IOException {
    Path file = folder.resolve("made/on the way/report.html");

    Path written =
        quantized.report(file, Compare.of("W4A8", quantized).on(data.validation().first(100)));

    String page = Files.readString(written);
    assertThat(written).isEqualTo(file);
    assertThat(matches(Pattern.compile("<h2[^>]*>([^<]*)<"), page))
        .containsExactly(
            "Network",
            "Steps",
            "Quantizers",
            "Encodings",
            "Accuracy on the same 100 samples",
            "Versions");
    assertThat(matches(Pattern.compile("<a href=\"#(s\\d)\""), page))
        .allSatisfy(target -> assertThat(page).contains("<h2 id=\"" + target + "\">"));
    assertThat(page)
        .contains(quantized.sim().network().toString().replace(">", "&gt;"))
        .contains("equalizeLayers", "adaRound", "Quantizers by int8", "Java");
  }

  @Test
  void it_needs_nothing_else_and_every_picture_is_one() throws IOException {
    String page = Files.readString(quantized.report(folder.resolve("report.html")));

    assertThat(page).doesNotContain("http:", "https:", "<script", "<link", "@import");
    List<String> pictures = matches(PICTURE, page);
    // Of folding, equalization and AdaRound, and the histograms.
    assertThat(pictures).hasSize(4);
    for (String picture : pictures) {
      byte[] bytes = Base64.getDecoder().decode(picture);
      assertThat(ImageIO.read(new ByteArrayInputStream(bytes)).getWidth()).isGreaterThan(300);
    }
    assertThat(matches(Pattern.compile("alt=\"([^\"]*)\""), page))
        .hasSameSizeAs(pictures)
        .allSatisfy(words -> assertThat(words).isNotBlank());
  }

  @Test
  void a_page_that_cannot_be_written_is_not_begun() throws IOException {
    Path taken = Files.createDirectory(folder.resolve("taken"));

    assertThatThrownBy(() -> quantized.report(taken))
        .isInstanceOf(QalibreException.class)
        .hasMessage("cannot write the report " + taken + ": it is a folder");
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(taken);
    }
  }
}
