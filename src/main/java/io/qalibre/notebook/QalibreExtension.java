package io.qalibre.notebook;

import org.dflib.jjava.jupyter.Extension;
import org.dflib.jjava.jupyter.kernel.BaseKernel;

/**
 * Makes a Java kernel show Qalibre's tables and charts, progress and live plots, and adds the
 * imports that notebooks are written with. The kernel finds it by itself once the jar is on the
 * class path.
 */
public final class QalibreExtension implements Extension {
  /**
   * Installs renderers, progress and imports. It never throws: a kernel whose class path is set
   * from outside would die of it before the first cell.
   *
   * @param kernel the kernel that runs the notebook
   */
  @Override
  public void install(BaseKernel kernel) {
    // There is no screen; without this AWT may look for one at the first chart.
    if (System.getProperty("java.awt.headless") == null) {
      System.setProperty("java.awt.headless", "true");
    }
    attempt(() -> Renderers.register(kernel.getRenderer()));
    attempt(() -> Kernel.install(new Kernel(kernel)));
    attempt(() -> Imports.add(kernel));
  }

  /**
   * Sends progress to the console again; renderers and imports stay, for kernels cannot take them
   * back.
   *
   * @param kernel the kernel that ran the notebook
   */
  @Override
  public void uninstall(BaseKernel kernel) {
    Kernel.uninstall();
  }

  /** Does what can be done: a notebook without one of the comforts is better than none. */
  @SuppressWarnings("CatchAndPrintStackTrace")
  private static void attempt(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | LinkageError e) {
      System.err.println("Qalibre's notebook extension is incomplete: " + e);
    }
  }
}
