package io.qalibre.notebook;

import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.jspecify.annotations.Nullable;

/**
 * The kernel that shows things below the running cell; with {@link Renderers} and {@link Imports}
 * all that knows the kernel's interface, which still changes between versions.
 */
final class Kernel {
  private static final AtomicReference<@Nullable Kernel> INSTALLED = new AtomicReference<>();

  /** The transient field of a display message that carries its id; {@code setDisplayId} varies. */
  private static final String DISPLAY_ID = "display_id";

  private final BaseKernel kernel;

  Kernel(BaseKernel kernel) {
    this.kernel = kernel;
  }

  static void install(Kernel kernel) {
    INSTALLED.set(kernel);
  }

  static void uninstall() {
    INSTALLED.set(null);
  }

  /** The kernel this process is, or null where it is none. */
  static @Nullable Kernel installed() {
    return INSTALLED.get();
  }

  /** Shows a value as it would be shown as a cell's result. */
  void show(@Nullable Object value) {
    send(() -> kernel.display(kernel.getRenderer().render(value)));
  }

  /** Shows data that can be {@linkplain #update updated} under an id. */
  void show(String id, Picture picture) {
    DisplayData data = data(picture);
    data.putTransientData(DISPLAY_ID, id);
    send(() -> kernel.display(data));
  }

  /** Replaces what was shown under an id. */
  void update(String id, Picture picture) {
    DisplayData data = data(picture);
    data.putTransientData(DISPLAY_ID, id);
    send(() -> kernel.getIO().display.updateDisplay(id, data));
  }

  private static DisplayData data(Picture picture) {
    DisplayData data = new DisplayData();
    picture.data().forEach((type, content) -> data.putData(type, content));
    if (picture.width() > 0) {
      data.putMetaData(Picture.PNG, Map.of("width", picture.width(), "height", picture.height()));
    }
    return data;
  }

  /**
   * Sends with the thread's interrupt held back: sockets are closed for good when an interrupted
   * thread writes to them, and the last state of an interrupted loop is to be seen.
   */
  private static void send(Runnable message) {
    boolean interrupted = Thread.interrupted();
    try {
      message.run();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
