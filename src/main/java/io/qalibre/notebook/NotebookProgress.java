package io.qalibre.notebook;

import io.qalibre.progress.Progress;
import io.qalibre.progress.Task;

/** Reports below the running cell, where the process is a notebook's kernel. */
public final class NotebookProgress implements Progress {
  /** Called by the ServiceLoader. */
  public NotebookProgress() {}

  @Override
  public boolean available() {
    return Kernel.installed() != null;
  }

  @Override
  public Task begin(String title, long steps) {
    Kernel kernel = Kernel.installed();
    if (kernel == null) {
      throw new IllegalStateException("begin() without a notebook; ask available() first");
    }
    Clock clock = System::nanoTime;
    return new NotebookTask(title, steps, new Screen.OfKernel(kernel), clock);
  }
}
