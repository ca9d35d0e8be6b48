package io.qalibre.notebook;

/** Where pictures are shown and replaced in place. */
interface Screen {
  /**
   * Shows a picture below the cell.
   *
   * @param id the name under which it is replaced later
   */
  void show(String id, Picture picture);

  /** Replaces a picture that was shown. */
  void update(String id, Picture picture);

  /** The screen of a live kernel. */
  record OfKernel(Kernel kernel) implements Screen {
    @Override
    public void show(String id, Picture picture) {
      kernel.show(id, picture);
    }

    @Override
    public void update(String id, Picture picture) {
      kernel.update(id, picture);
    }
  }
}
