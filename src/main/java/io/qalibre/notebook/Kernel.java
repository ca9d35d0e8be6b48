package io.qalibre.notebook;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
  private final ExecutorService sender = Executors.newSingleThreadExecutor(Kernel::daemon);
  private final Map<String, DisplayData> waiting = new LinkedHashMap<>();

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
    catchUp();
    DisplayData data = kernel.getRenderer().render(value);
    send(() -> kernel.display(data));
  }

  /** Shows data that can be {@linkplain #update updated} under an id. */
  void show(String id, Picture picture) {
    DisplayData data = data(picture);
    data.putTransientData(DISPLAY_ID, id);
    send(() -> kernel.display(data));
  }

  /**
   * Replaces what was shown under an id. When the user interrupts a cell, the kernel ends it at
   * once while its loop is still finishing: what is replaced then waits for the next cell.
   */
  synchronized void update(String id, Picture picture) {
    DisplayData data = data(picture);
    data.putTransientData(DISPLAY_ID, id);
    waiting.put(id, data);
    catchUp();
  }

  /** Replaces what could not be replaced while no cell was running. */
  synchronized void catchUp() {
    if (kernel.getIO().display.isAttached()) {
      waiting.forEach((id, data) -> send(() -> kernel.getIO().display.updateDisplay(id, data)));
      waiting.clear();
    }
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
   * Sends from a thread of its own and waits for it. The user interrupts the evaluating thread: a
   * socket it writes to at that moment would be closed, or would swallow the interrupt.
   */
  private void send(Runnable message) {
    Future<?> sent = sender.submit(message);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          sent.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw new IllegalStateException("the notebook does not show it: " + e.getCause(), e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "qalibre-display");
    thread.setDaemon(true);
    return thread;
  }
}
