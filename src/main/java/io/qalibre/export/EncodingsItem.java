package io.qalibre.export;

import io.qalibre.graph.TensorShape;
import io.qalibre.quant.Encoding;
import io.qalibre.quant.TensorEncoding;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that an encodings file has an entry for.
 *
 * @param tensor its ONNX name
 * @param parameter whether it is a parameter
 * @param sizes the sizes of a constant; empty for tensors that are computed
 * @param encoding its grids; null where it is rounded to float16
 */
record EncodingsItem(
    String tensor, boolean parameter, TensorShape sizes, @Nullable TensorEncoding encoding) {

  /** The same for another tensor that has its values. */
  EncodingsItem named(String other) {
    return new EncodingsItem(other, parameter, sizes, encoding);
  }

  /** Whether codes are written as signed integers. */
  boolean signed(ActivationCodes codes) {
    boolean symmetric = encoding != null && encoding.first().symmetric();
    return parameter ? symmetric : codes.signed(symmetric);
  }

  /** Whether there is one grid, which operators that only move values hand on. */
  boolean wholeTensor() {
    return encoding != null && !encoding.perChannel() && !encoding.perBlock();
  }

  /** Whether both have one grid and entries of the same words. */
  boolean alike(EncodingsItem other, ActivationCodes codes) {
    if (encoding == null || other.encoding == null || !wholeTensor() || !other.wholeTensor()) {
      return false;
    }
    Encoding own = encoding.first();
    Encoding its = other.encoding.first();
    return own.bitwidth() == its.bitwidth()
        && own.scale() == its.scale()
        && own.offset() == its.offset()
        && signed(codes) == other.signed(codes);
  }
}
