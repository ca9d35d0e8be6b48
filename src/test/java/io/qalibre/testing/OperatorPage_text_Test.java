package io.qalibre.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OperatorPage_text_Test {
  @Test
  void the_committed_page_is_what_the_catalogue_and_the_tests_say() {
    String committed = OperatorPage.committed();
    String wanted = OperatorPage.text();

    Set<String> lines = committed.lines().collect(Collectors.toSet());
    assertThat(wanted.lines().filter(line -> !lines.contains(line)))
        .as("what docs/operators.md lacks; its last section says how it is written anew")
        .isEmpty();
    assertThat(committed).isEqualTo(wanted);
  }
}
