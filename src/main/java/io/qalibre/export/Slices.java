package io.qalibre.export;

import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Cuts batches into smaller ones. */
final class Slices {
  private Slices() {}

  /**
   * A batch in pieces.
   *
   * @param batch tensors by name, with equally many samples
   * @param most the most samples of a piece, 1 or more
   */
  static List<Map<String, Tensor>> of(Map<String, Tensor> batch, long most) {
    long samples = batch.values().iterator().next().sizes()[0];
    List<Map<String, Tensor>> pieces = new ArrayList<>();
    for (long from = 0; from < samples; from += most) {
      pieces.add(of(batch, from, Math.min(samples, from + most)));
    }
    return pieces;
  }

  /** The samples of a batch from one, 0 the first, up to and without another. */
  static Map<String, Tensor> of(Map<String, Tensor> batch, long from, long to) {
    Map<String, Tensor> piece = new LinkedHashMap<>();
    batch.forEach((name, tensor) -> piece.put(name, of(tensor, from, to)));
    return piece;
  }

  private static Tensor of(Tensor tensor, long from, long to) {
    long[] sizes = tensor.sizes();
    ByteBuffer bytes = tensor.bytes();
    long sample = bytes.remaining() / sizes[0];
    bytes.position(Math.toIntExact(from * sample)).limit(Math.toIntExact(to * sample));
    sizes[0] = to - from;
    return Tensor.of(tensor.type(), bytes, sizes);
  }
}
