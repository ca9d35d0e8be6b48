package io.qalibre.notebook;

import io.qalibre.data.ImageSplits;
import io.qalibre.view.TableHtml;
import io.qalibre.view.TableText;
import io.qalibre.view.Viewable;
import java.util.Map;
import java.util.function.Function;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.RenderContext;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.knowm.xchart.internal.chartpart.IChart;
import tech.tablesaw.api.Table;

/** How tables, charts and everything that shows itself as a table are rendered. */
final class Renderers {
  /** Rows of a table shown in a cell. */
  static final int ROWS = 30;

  private Renderers() {}

  static void register(Renderer renderer) {
    register(renderer, Table.class, Renderers::table, Picture.HTML);
    register(renderer, Viewable.class, value -> table(value.table()), Picture.HTML);
    register(renderer, IChart.class, Picture::of, Picture.PNG);
    register(renderer, ImageSplits.class, SamplePictures::of, Picture.PNG);
  }

  static Picture table(Table table) {
    return Picture.of(TableHtml.render(table, ROWS), TableText.render(table, ROWS));
  }

  private static <T> void register(
      Renderer renderer, Class<T> type, Function<T, Picture> picture, String preferred) {
    renderer
        .createRegistration(type)
        .preferring(preferred, Picture.TEXT)
        .supporting(preferred, Picture.TEXT)
        .register((value, context) -> put(picture.apply(value), context));
  }

  private static void put(Picture picture, RenderContext context) {
    Kernel kernel = Kernel.installed();
    if (kernel != null) {
      kernel.catchUp();
    }
    DisplayData out = context.getOutputContainer();
    picture
        .data()
        .forEach(
            (type, content) -> {
              MIMEType mime = MIMEType.parse(type);
              if (context.wantsDataRenderedAs(mime)) {
                out.putData(type, content);
              }
            });
    if (picture.width() > 0) {
      out.putMetaData(Picture.PNG, Map.of("width", picture.width(), "height", picture.height()));
    }
  }
}
