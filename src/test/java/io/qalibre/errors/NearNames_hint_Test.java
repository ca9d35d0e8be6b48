package io.qalibre.errors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class NearNames_hint_Test {

  @Test
  void offersTheNearestNames() {
    assertThat(NearNames.hint("conv1.w", List.of("conv1.weight", "fc.bias", "conv2.w")))
        .isEqualTo("; did you mean `conv2.w` or `conv1.weight`?");
  }

  @Test
  void listsAllWhereNoneIsNear() {
    assertThat(NearNames.hint("conv1", List.of("b", "a"))).isEqualTo("; known: `a`, `b`");
    assertThat(NearNames.hint("conv1", List.of())).isEmpty();
  }

  @Test
  void offersNamesWithinTheNameUnlessTheyAreTooShortToMeanAnything() {
    assertThat(NearNames.hint("GridSampler", List.of("GridSample", "Or", "Id")))
        .isEqualTo("; did you mean `GridSample`?");
    assertThat(NearNames.hint("FancyConvolution", List.of("Conv", "Or")))
        .isEqualTo("; did you mean `Conv`?");
    assertThat(NearNames.hint("StringNormalizer", List.of("Or", "Max")))
        .isEqualTo("; known: `Max`, `Or`");
  }

  /** Comparing two names takes as long as the product of their lengths. */
  @Test
  @Timeout(20)
  void doesNotCompareNamesThatNobodyTypes() {
    String name = "a".repeat(200_000);
    List<String> known = IntStream.range(0, 50).mapToObj(i -> name + i).toList();
    assertThat(NearNames.hint(name, known)).startsWith("; known: `aaa");
    assertThat(NearNames.hint("short", known)).startsWith("; known: `aaa");
  }
}
