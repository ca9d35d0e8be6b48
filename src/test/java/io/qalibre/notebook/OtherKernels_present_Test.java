package io.qalibre.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.notebook.OtherKernels.Candidate;
import io.qalibre.notebook.OtherKernels.Order;
import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OtherKernels_present_Test {
  private static final List<String> SEEN = new ArrayList<>();

  /** Shows things as rapaio-jupyter-kernel does. */
  public static final class TypeFirst {
    public static String display(String type, Object value) {
      SEEN.add(type + " " + value);
      return "an id";
    }
  }

  /** Shows things as the original IJava does. */
  public static final class ValueFirst {
    public static String display(Object value, String... types) {
      SEEN.add(List.of(types) + " " + value);
      return "an id";
    }
  }

  /** A kernel that shows nothing. */
  public static final class Broken {
    public static String display(String type, Object value) {
      throw new IllegalArgumentException("no cell is running");
    }
  }

  @BeforeEach
  void nothing_seen() {
    SEEN.clear();
  }

  private static Optional<OtherKernels.Shown> find(Candidate... candidates) {
    return OtherKernels.present(
        List.of(candidates), OtherKernels_present_Test.class.getClassLoader());
  }

  @Test
  void hands_html_to_the_kernel_that_is_there() {
    Candidate absent = new Candidate("no.such.Kernel", Order.TYPE_FIRST);

    find(absent, new Candidate(TypeFirst.class.getName(), Order.TYPE_FIRST)).get().html("<b>");
    find(absent, new Candidate(ValueFirst.class.getName(), Order.VALUE_FIRST)).get().html("<i>");

    assertThat(SEEN).containsExactly("text/html <b>", "[text/html] <i>");
  }

  @Test
  void is_none_where_no_kernel_is_or_its_display_is_another() {
    assertThat(OtherKernels.present()).isEmpty();
    assertThat(find(new Candidate(TypeFirst.class.getName(), Order.VALUE_FIRST))).isEmpty();
  }

  @Test
  void says_why_nothing_is_shown() {
    Candidate broken = new Candidate(Broken.class.getName(), Order.TYPE_FIRST);

    assertThatThrownBy(() -> find(broken).get().html("<b>"))
        .hasMessageContaining("the notebook does not show it")
        .hasMessageContaining("no cell is running");
  }

  @Test
  void a_chart_is_an_image_with_its_size_and_words_and_a_table_is_a_table() {
    String chart =
        Picture.of((Object) Charts.lines("a < b", "", "", List.of(Line.of("train", 2, 1))))
            .get()
            .html();
    String table =
        Picture.of(Tables.titled("Ours").integer("n", new long[] {7}).build()).get().html();

    assertThat(chart)
        .startsWith("<img width=\"760\" height=\"380\" alt=\"a &lt; b")
        .contains("src=\"data:image/png;base64,iVBORw0KGgo");
    assertThat(table).startsWith("<table").contains("Ours", ">7<");
    assertThat(Picture.of("words")).isEmpty();
  }
}
