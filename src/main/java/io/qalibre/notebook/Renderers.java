package io.qalibre.notebook;

import io.qalibre.data.ImageSplits;
import io.qalibre.view.Viewable;
import java.util.Map;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.RenderContext;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.knowm.xchart.internal.chartpart.IChart;
import tech.tablesaw.api.Table;

/** Tells the kernel what it renders in pictures or HTML. */
final class Renderers {
  private Renderers() {}

  static void register(Renderer renderer) {
    register(renderer, Table.class, Picture.HTML);
    register(renderer, Viewable.class, Picture.HTML);
    register(renderer, IChart.class, Picture.PNG);
    register(renderer, ImageSplits.class, Picture.PNG);
  }

  private static void register(Renderer renderer, Class<?> type, String preferred) {
    renderer
        .createRegistration(type)
        .preferring(preferred, Picture.TEXT)
        .supporting(preferred, Picture.TEXT)
        .register((value, context) -> Picture.of(value).ifPresent(p -> put(p, context)));
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
