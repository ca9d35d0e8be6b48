package io.qalibre.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.view.Charts;
import io.qalibre.view.Line;
import io.qalibre.view.Tables;
import io.qalibre.view.Viewable;
import java.util.List;
import java.util.ServiceLoader;
import org.dflib.jjava.jupyter.Extension;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.junit.jupiter.api.Test;

class QalibreExtension_install_Test {
  private static final MIMEType HTML = MIMEType.parse("text/html");
  private static final MIMEType PNG = MIMEType.parse("image/png");
  private static final MIMEType TEXT = MIMEType.parse("text/plain");

  private static DisplayData rendered(Object value) {
    Renderer renderer = new Renderer();
    Renderers.register(renderer);
    return renderer.render(value);
  }

  @Test
  void is_found_by_the_kernel() {
    assertThat(ServiceLoader.load(Extension.class))
        .singleElement()
        .isInstanceOf(QalibreExtension.class);
  }

  @Test
  void renders_tables_and_what_shows_itself_as_one() {
    Viewable value = () -> Tables.titled("Ours").integer("n", new long[] {7}).build();

    for (DisplayData data : List.of(rendered(value), rendered(value.table()))) {
      assertThat(data.getData(HTML).toString()).contains("<table", "Ours", ">7<");
      assertThat(data.getData(TEXT)).isEqualTo("Ours\nn\n─\n7");
    }
  }

  @Test
  void renders_charts_as_pictures_and_in_words() {
    DisplayData data = rendered(Charts.lines("Loss", "", "", List.of(Line.of("train", 2, 1))));

    assertThat(data.getData(PNG).toString()).startsWith("iVBORw0KGgo");
    assertThat(data.getData(TEXT)).isEqualTo("Loss\n  train: n 2, min 1, max 2, last 1");
  }
}
