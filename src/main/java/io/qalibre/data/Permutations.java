package io.qalibre.data;

import java.util.Random;
import java.util.stream.IntStream;

/**
 * Random orders that are the same everywhere: {@link Random}'s numbers are part of its contract.
 */
final class Permutations {
  private Permutations() {}

  /**
   * The numbers from 0 to n − 1 in a random order.
   *
   * @param n how many
   * @param seed decides the order
   */
  static int[] of(int n, long seed) {
    Random random = new Random(seed);
    int[] order = IntStream.range(0, n).toArray();
    for (int i = n - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int moved = order[i];
      order[i] = order[j];
      order[j] = moved;
    }
    return order;
  }

  /**
   * The order of a pass through the data.
   *
   * @param n how many
   * @param seed decides the orders of all passes
   * @param pass 0 for the first
   */
  static int[] ofPass(int n, long seed, int pass) {
    // Seeds drawn from the seed, because orders of neighbouring seeds begin alike.
    Random seeds = new Random(seed);
    long own = seeds.nextLong();
    for (int i = 0; i < pass; i++) {
      own = seeds.nextLong();
    }
    return of(n, own);
  }
}
