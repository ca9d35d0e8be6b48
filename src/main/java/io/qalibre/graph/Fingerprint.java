package io.qalibre.graph;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeMap;

/**
 * A short text that is the same for the same content: what work that was kept belongs to. The first
 * 64 bits of a SHA-256 hash.
 */
public final class Fingerprint {
  private static final int BYTES = 8;

  private final MessageDigest digest;

  private Fingerprint() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Of nothing so far. */
  public static Fingerprint begin() {
    return new Fingerprint();
  }

  /** Of a text. */
  public static String of(String text) {
    return begin().add(text).text();
  }

  /** Of a network or simulation: its nodes, its constants to the bit, and its encodings. */
  public static String of(Simulation simulation) {
    Fingerprint print = begin();
    simulation.graph().nodes().forEach(node -> print.add(node.toString()));
    // In order of their names: the same constants are the same network.
    new TreeMap<>(simulation.graph().initializers())
        .forEach((name, value) -> print.add(name).add(value.shape().toString()).add(value.bytes()));
    new TreeMap<>(simulation.encodings())
        .forEach((id, encoding) -> print.add(id).add(encoding.toString()));
    return print.text();
  }

  /**
   * The name of a file that work is kept in.
   *
   * @param network the network's name; what does not belong into a file's name is replaced
   * @param verb what is done with it
   * @param kind everything that the work depends on, in words
   */
  public static String fileName(String network, String verb, String kind) {
    String plain = network.replaceAll("[^A-Za-z0-9._-]+", "_");
    return "%s-%s-%s.checkpoint".formatted(plain, verb, of(kind));
  }

  /** Adds a text. */
  public Fingerprint add(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    digest.update(bytes);
    return this;
  }

  /** Adds bytes. */
  public Fingerprint add(ByteBuffer bytes) {
    digest.update(bytes.duplicate());
    return this;
  }

  /** Sixteen hexadecimal digits; the end of this value. */
  public String text() {
    return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
  }
}
