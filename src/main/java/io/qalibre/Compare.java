package io.qalibre;

import ai.djl.training.dataset.Dataset;
import io.qalibre.errors.QalibreException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Networks to be measured side by side on the same samples; the first one is the reference. */
public final class Compare {
  private final Map<String, Evaluable> networks;

  private Compare(Map<String, Evaluable> networks) {
    this.networks = networks;
  }

  /** Begins with the reference. */
  public static Compare of(String name, Evaluable network) {
    return new Compare(Map.of(name, network));
  }

  /**
   * The same with one more.
   *
   * @throws QalibreException if the name is taken
   */
  public Compare with(String name, Evaluable network) {
    Map<String, Evaluable> more = new LinkedHashMap<>(networks);
    if (more.put(name, network) != null) {
      throw new QalibreException("two networks are named `" + name + "`");
    }
    return new Compare(more);
  }

  /**
   * Measures all of them.
   *
   * @param samples inputs with class indices as labels, the same in every pass
   */
  public Comparison on(Dataset samples) {
    List<Comparison.Row> rows = new ArrayList<>();
    networks.forEach(
        (name, network) -> rows.add(new Comparison.Row(name, network.evaluate(samples))));
    return new Comparison(rows);
  }
}
