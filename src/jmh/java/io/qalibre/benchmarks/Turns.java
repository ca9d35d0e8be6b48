package io.qalibre.benchmarks;

import ai.djl.pytorch.jni.JniUtils;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.function.DoubleSupplier;

/** How a contender of {@code benchmarks/peers} answers: see {@code peers.py}. */
final class Turns {
  private static final int PROFILED = 4;

  private Turns() {}

  /**
   * Says how long the first time took, warms up, and answers until the input ends. Where the
   * property {@code profile} names a file, libtorch's profile of some more times is written to it
   * instead, and what they took on average is printed.
   *
   * @param work does it once and gives the milliseconds
   * @param warmUp how often it is done before the answers
   */
  static void serve(DoubleSupplier work, int warmUp) throws IOException {
    System.out.println("first " + work.getAsDouble());
    double warming = 0;
    for (int i = 0; i < warmUp; i++) {
      warming += work.getAsDouble();
    }
    System.err.printf("warmed up in %.0f ms%n", warming);
    String profile = System.getProperty("profile");
    if (profile != null) {
      profile(work, profile);
      return;
    }
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      StringBuilder times = new StringBuilder();
      for (int i = Integer.parseInt(line.split(" ")[1]); i > 0; i--) {
        times.append(work.getAsDouble()).append(' ');
      }
      System.out.println(times);
    }
  }

  private static void profile(DoubleSupplier work, String file) {
    double millis = 0;
    JniUtils.startProfile(false, false, false);
    for (int i = 0; i < PROFILED; i++) {
      millis += work.getAsDouble();
    }
    JniUtils.stopProfile(file);
    System.out.println("profiled " + millis / PROFILED);
  }
}
