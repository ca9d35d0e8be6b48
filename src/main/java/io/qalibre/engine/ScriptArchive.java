package io.qalibre.engine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs TorchScript source into the archive that libtorch loads: a zip with uncompressed entries
 * holding a version, an empty constant table, one object of class {@code M}, and the source of that
 * class.
 */
final class ScriptArchive {
  /**
   * The format that has every operator as libtorch 2.7 has it: Gelu's approximation came with it.
   */
  private static final String VERSION = "10\n";

  /** Pickle, protocol 2, of an empty tuple. */
  private static final byte[] CONSTANTS = {(byte) 0x80, 2, ')', '.'};

  private ScriptArchive() {}

  /**
   * The archive of a module.
   *
   * @param source the source of {@code __torch__.py}: one class {@code M(Module)} without
   *     parameters
   */
  static byte[] pack(String source) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      store(zip, "m/version", VERSION.getBytes(StandardCharsets.UTF_8));
      store(zip, "m/constants.pkl", CONSTANTS);
      store(zip, "m/data.pkl", module());
      store(zip, "m/code/__torch__.py", plainDigits(source).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  /** Java writes numbers in the digits of the user's language, and TorchScript reads 0 to 9. */
  static String plainDigits(String source) {
    StringBuilder plain = new StringBuilder(source.length());
    source
        .codePoints()
        .map(c -> Character.isDigit(c) ? '0' + Character.digit(c, 10) : c)
        .forEach(plain::appendCodePoint);
    return plain.toString();
  }

  /** Pickle, protocol 2, of an object of class {@code __torch__.M} with {training: True}. */
  private static byte[] module() throws IOException {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    byte[] name = "training".getBytes(StandardCharsets.UTF_8);
    pickle.write(new byte[] {(byte) 0x80, 2}); // PROTO 2
    pickle.write("c__torch__\nM\n".getBytes(StandardCharsets.UTF_8)); // GLOBAL
    pickle.write(new byte[] {')', (byte) 0x81, '}', '('}); // EMPTY_TUPLE NEWOBJ EMPTY_DICT MARK
    pickle.write(new byte[] {'X', (byte) name.length, 0, 0, 0}); // BINUNICODE
    pickle.write(name);
    pickle.write(new byte[] {(byte) 0x88, 'u', 'b', '.'}); // NEWTRUE SETITEMS BUILD STOP
    return pickle.toByteArray();
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    CRC32 checksum = new CRC32();
    checksum.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(checksum.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
