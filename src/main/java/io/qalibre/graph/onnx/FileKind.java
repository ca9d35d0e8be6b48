package io.qalibre.graph.onnx;

import java.nio.charset.StandardCharsets;

/** Says what a file that is not an ONNX model probably is. */
enum FileKind {
  PNG("a PNG picture", 0, "\u0089PNG"),
  JPEG("a JPEG picture", 0, "\u00ff\u00d8\u00ff"),
  PDF("a PDF document", 0, "%PDF"),
  GZIP("a gzip file; unpack it first", 0, "\u001f\u008b"),
  ZIP("a zip archive, such as a PyTorch checkpoint; export the model to ONNX", 0, "PK\u0003\u0004"),
  HDF5("an HDF5 file, such as a Keras model; export the model to ONNX", 0, "\u0089HDF"),
  LFS("a Git LFS pointer; fetch the file with `git lfs pull`", 0, "version https://git-lfs"),
  TFLITE("a TensorFlow Lite model", 4, "TFL3"),
  ORT("a model in ONNX Runtime's own format; use the .onnx file it was made from", 4, "ORTM");

  private static final int SHOWN = 32;

  /** The first byte of nearly every ONNX file: protobuf's tag of the field {@code ir_version}. */
  private static final byte IR_VERSION_TAG = 8;

  private final String description;
  private final int offset;
  private final String magic;

  FileKind(String description, int offset, String magic) {
    this.description = description;
    this.offset = offset;
    this.magic = magic;
  }

  private boolean matches(byte[] bytes) {
    int end = offset + magic.length();
    return bytes.length >= end
        && new String(bytes, offset, magic.length(), StandardCharsets.ISO_8859_1).equals(magic);
  }

  /** What a file that could not be parsed seems to be. */
  static String describe(byte[] bytes) {
    for (FileKind kind : values()) {
      if (kind.matches(bytes)) {
        return kind.description;
      }
    }
    if (startsAsText(bytes)) {
      String start = new String(bytes, 0, Math.min(SHOWN, bytes.length), StandardCharsets.US_ASCII);
      return "a text that begins `" + start.strip().replaceAll("\\s+", " ") + "`";
    }
    return (bytes[0] == IR_VERSION_TAG ? "a truncated or damaged one" : "something else")
        + " of "
        + bytes.length
        + " bytes";
  }

  private static boolean startsAsText(byte[] bytes) {
    for (int i = 0; i < Math.min(SHOWN, bytes.length); i++) {
      boolean printable = bytes[i] >= ' ' && bytes[i] < 127;
      if (!printable && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t') {
        return false;
      }
    }
    return true;
  }
}
