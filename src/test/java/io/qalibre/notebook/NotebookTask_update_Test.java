package io.qalibre.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.progress.Curve;
import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class NotebookTask_update_Test {
  private long now;
  private final List<String> shown = new ArrayList<>();
  private final Screen screen =
      new Screen() {
        @Override
        public void show(String id, Picture picture) {
          shown.add("show " + picture.data().get(Picture.TEXT));
        }

        @Override
        public void update(String id, Picture picture) {
          shown.add("update " + picture.data().get(Picture.TEXT));
        }
      };

  private Task task(long steps) {
    return new NotebookTask("Training", steps, screen, () -> now);
  }

  private void passMillis(long millis) {
    now += millis * 1_000_000;
  }

  @Test
  void paints_at_most_five_times_a_second_and_nothing_once_it_is_done() {
    Task task = task(10);
    for (int i = 1; i <= 9; i++) {
      passMillis(50);
      task.update(i, "loss 0.5");
    }
    passMillis(10);
    task.update(10, "loss 0.4");
    task.close();

    assertThat(shown)
        .containsExactly(
            "show Training ░░░░░░░░░░░░░░░░░░░░ 0/10 · 0 % · 0.0 s",
            "update Training ████████░░░░░░░░░░░░ 4/10 · 40 % · 0.2 s, 0.3 s left · loss 0.5",
            "update Training ████████████████░░░░ 8/10 · 80 % · 0.4 s, 0.1 s left · loss 0.5",
            "update ");
  }

  @Test
  void says_where_a_task_was_stopped_and_closes_once() {
    Task task = task(100);
    passMillis(61_000);
    task.update(50, "");
    task.close();
    task.close();

    assertThat(shown).hasSize(3);
    assertThat(shown.get(2)).endsWith("50/100 · 50 % · stopped after 1:01");
  }

  @Test
  void without_a_known_total_it_says_what_is_done() {
    Task task = task(0);
    passMillis(1000);
    task.update(60, "");
    task.close();

    assertThat(shown)
        .containsExactly("show Training 0 · 0.0 s", "update Training 60 · 1.0 s", "update ");
  }

  @Test
  void replaces_a_plot_in_place_and_paints_its_last_curves() {
    Task task = task(10);
    shown.clear();
    for (int i = 1; i <= 4; i++) {
      double[] y = new double[i];
      task.plot("QAT", List.of(new Curve("train", "loss", y, y)));
      passMillis(100);
    }
    task.close();

    assertThat(shown).hasSize(3);
    assertThat(shown.get(0)).startsWith("show QAT").contains("n 1");
    assertThat(shown.get(1)).startsWith("update Training");
    assertThat(shown.get(2)).startsWith("update QAT").contains("n 4");
  }

  @Test
  void draws_a_panel_for_each_axis() {
    double[] y = {1, 2};
    List<Curve> curves =
        List.of(
            new Curve("train", "loss", y, y),
            new Curve("train", "top-1 (%)", y, y),
            new Curve("validation", "loss", y, y));

    Picture picture = Picture.of(LivePlot.chart("QAT", curves));

    assertThat(picture.width()).isEqualTo(1000);
    assertThat(picture.data().get(Picture.TEXT))
        .isEqualTo(
            """
                QAT
                loss
                  train: n 2, min 1, max 2, last 2
                  validation: n 2, min 1, max 2, last 2
                top-1 (%)
                  train: n 2, min 1, max 2, last 2""");
  }

  @Test
  void is_found_but_not_available_outside_a_notebook() {
    assertThat(ServiceLoader.load(Progress.class))
        .singleElement()
        .isInstanceOf(NotebookProgress.class)
        .satisfies(progress -> assertThat(progress.available()).isFalse());
  }
}
