package io.qalibre.export;

import org.jspecify.annotations.Nullable;

/** The version that files name as their producer's. */
final class Version {
  private Version() {}

  /** The version in the jar's manifest; {@code development} for classes outside a jar. */
  static String current() {
    @Nullable String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
