package io.qalibre.notebook;

import io.qalibre.data.ImageDataset;
import io.qalibre.data.ImageSplits;
import io.qalibre.graph.Tensor;
import io.qalibre.view.Montage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What a notebook shows of a set of labelled pictures: one of each class, from the training part.
 */
final class SamplePictures {
  private static final int SEARCHED = 500;
  private static final int COLUMNS = 10;

  private SamplePictures() {}

  static Picture of(ImageSplits splits) {
    ImageDataset some =
        splits.training().ordered().first((int) Math.min(SEARCHED, splits.training().size()));
    Picture picture = Picture.of(montage(some));
    Map<String, String> data = new java.util.HashMap<>(picture.data());
    data.put(Picture.TEXT, splits.toString());
    return new Picture(data, picture.width(), picture.height());
  }

  private static Montage montage(ImageDataset samples) {
    Tensor pixels = samples.tensor();
    int channels = (int) pixels.sizes()[1];
    int height = (int) pixels.sizes()[2];
    int width = (int) pixels.sizes()[3];
    int size = channels * height * width;
    float[] values = pixels.floats();
    List<String> classes = samples.classes();
    int[] labels = samples.labels();
    List<Montage.Labelled> pictures = new ArrayList<>();
    for (int label = 0; label < classes.size(); label++) {
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] == label) {
          float[] one = Arrays.copyOfRange(values, i * size, (i + 1) * size);
          pictures.add(
              new Montage.Labelled(
                  classes.get(label), Montage.picture(one, channels, height, width)));
          break;
        }
      }
    }
    return new Montage("", COLUMNS, pictures);
  }
}
