package io.qalibre.quant;

/** The smallest and the largest value seen. */
public record MinMax() implements QuantScheme {
  @Override
  public String label() {
    return "min_max";
  }

  @Override
  public String toString() {
    return label();
  }

  @Override
  public boolean readsHistogram() {
    return false;
  }

  @Override
  public Encoding grid(Statistics seen, QuantizerSpec spec) {
    return Grids.grid(seen.range(), spec);
  }
}
