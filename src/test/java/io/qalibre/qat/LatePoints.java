package io.qalibre.qat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Record;
import ai.djl.util.Progress;

/**
 * Eight points of two classes that are there only once they are prepared, as DJL's datasets are.
 */
final class LatePoints extends RandomAccessDataset {
  private float[][] points;

  LatePoints() {
    super(new Builder().setSampling(2, false));
  }

  @Override
  public void prepare(Progress progress) {
    points = new float[8][];
    for (int i = 0; i < points.length; i++) {
      points[i] = new float[] {i - 3.5f, 1};
    }
  }

  @Override
  public Record get(NDManager manager, long index) {
    float[] point = points[(int) index];
    return new Record(
        new NDList(manager.create(point)), new NDList(manager.create(point[0] > 0 ? 1L : 0L)));
  }

  @Override
  protected long availableSize() {
    return points.length;
  }

  private static final class Builder extends BaseBuilder<Builder> {
    @Override
    protected Builder self() {
      return this;
    }
  }
}
