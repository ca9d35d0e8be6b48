package io.qalibre.view;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class TableHtml_render_Test {
  private static Table numbered(int rows) {
    return Tables.titled("Nodes")
        .text("node", IntStream.range(0, rows).mapToObj(i -> "n" + i).toList())
        .integer("parameters", LongStream.range(0, rows).toArray())
        .build();
  }

  @Test
  void escapes_caption_names_and_cells() {
    Table table = Tables.titled("a & b").text("<i>", List.of("\"<script>\"")).build();

    assertThat(TableHtml.render(table, 10))
        .contains("a &amp; b", "&lt;i&gt;", "&quot;&lt;script&gt;&quot;")
        .doesNotContain("<script", "<i>");
  }

  @Test
  void sets_numbers_to_the_right_and_text_to_the_left() {
    String html = TableHtml.render(numbered(1), 10);

    assertThat(html).containsPattern("<td style=\"text-align:left[^>]*>n0</td>");
    assertThat(html).containsPattern("<td style=\"text-align:right[^>]*>0</td>");
  }

  @Test
  void cuts_the_middle_of_a_long_table() {
    assertThat(TableHtml.render(numbered(100), 10))
        .contains(">n0<", ">n4<", "… 90 more …", ">n95<", ">n99<")
        .doesNotContain(">n5<", ">n94<");
  }

  @Test
  void cuts_nothing_off_a_table_that_fits() {
    assertThat(TableHtml.render(numbered(10), 10)).contains(">n9<").doesNotContain("more");
  }

  @Test
  void names_what_one_row_leaves_out() {
    assertThat(TableHtml.render(numbered(3), 1)).contains(">n0<", "… 2 more …");
  }

  @Test
  void renders_a_table_without_rows() {
    assertThat(TableHtml.render(numbered(0), 10)).contains("node", "<tbody></tbody>");
  }

  @Test
  void takes_its_colours_from_the_page() {
    assertThat(TableHtml.render(numbered(100), 10))
        .doesNotContain("color:black", "color:white", "#");
  }

  @Test
  void text_is_aligned_and_cut_alike() {
    assertThat(TableText.render(numbered(100), 2))
        .isEqualTo(
            """
                Nodes
                node  parameters
                ────  ──────────
                n0             0
                … 98 more …
                n99           99""");
  }
}
