package io.qalibre.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import io.qalibre.errors.QalibreException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where programs run: one device for the whole process. */
public final class Devices {
  private static final Pattern NAME = Pattern.compile("cpu|gpu(\\d*)");
  private static volatile Device current = Device.cpu();

  private Devices() {}

  /** The device that programs run on; the CPU unless {@link #use} said otherwise. */
  public static Device current() {
    return current;
  }

  /**
   * Chooses the device that programs run on from now on.
   *
   * @param name {@code cpu}, {@code gpu} or {@code gpu0}, {@code gpu1} …
   * @throws QalibreException if there is no such device here
   */
  public static void use(String name) {
    Matcher matcher = NAME.matcher(name.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new QalibreException("no device `" + name + "`; expected `cpu`, `gpu0`, `gpu1` …");
    }
    if (matcher.group(1) == null) {
      current = Device.cpu();
      return;
    }
    int index = matcher.group(1).isEmpty() ? 0 : Integer.parseInt(matcher.group(1));
    int found = Engine.getEngine("PyTorch").getGpuCount();
    if (index >= found) {
      throw new QalibreException(
          "no device `"
              + name
              + "`: this process sees "
              + found
              + " GPUs (is the CUDA native jar on the class path?)");
    }
    current = Device.gpu(index);
  }

  /** Seeds the engine's random numbers: initial weights, dropout. */
  public static void seed(int seed) {
    Engine.getEngine("PyTorch").setRandomSeed(seed);
  }
}
