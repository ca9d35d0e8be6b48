package io.qalibre.models;

import io.qalibre.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/**
 * Seeded initial values of tensors. The random numbers of a tensor depend on the seed and the
 * tensor's name alone, not on which tensors were made before it: networks that differ in their last
 * layer begin with the same weights everywhere else.
 */
final class InitialWeights {
  private final long seed;

  InitialWeights(long seed) {
    this.seed = seed;
  }

  /** Normal numbers around 0 with a standard deviation. */
  Tensor normal(String tensor, double deviation, long... shape) {
    SplittableRandom random = random(tensor);
    return fill(shape, () -> deviation * random.nextGaussian());
  }

  /**
   * Kaiming-normal numbers for a layer followed by ReLU, by its fan-out as torch counts it
   * (channels × kernel, whatever the groups): the standard deviation is √(2/fan-out).
   *
   * <p>Source: He et al., Delving Deep into Rectifiers, 2015 (arXiv 1502.01852).
   *
   * @param shape of a convolution's weight, output channels first
   */
  Tensor kaiming(String tensor, long... shape) {
    long fanOut = shape[0] * Arrays.stream(shape).skip(2).reduce(1, Math::multiplyExact);
    return normal(tensor, Math.sqrt(2.0 / fanOut), shape);
  }

  /** Numbers uniform in ±bound. */
  Tensor uniform(String tensor, double bound, long... shape) {
    SplittableRandom random = random(tensor);
    return fill(shape, () -> random.nextDouble(-bound, bound));
  }

  /** One value everywhere. */
  static Tensor constant(float value, int size) {
    return fill(new long[] {size}, () -> value);
  }

  private static Tensor fill(long[] shape, DoubleSupplier numbers) {
    float[] values =
        new float[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) numbers.getAsDouble();
    }
    return Tensor.of(values, shape);
  }

  private SplittableRandom random(String tensor) {
    byte[] name = tensor.getBytes(StandardCharsets.UTF_8);
    byte[] key = ByteBuffer.allocate(Long.BYTES + name.length).putLong(seed).put(name).array();
    try {
      // A digest, because neighbouring seeds and names must not give related streams.
      return new SplittableRandom(
          ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key)).getLong());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
