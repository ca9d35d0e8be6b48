package io.qalibre.graph.onnx;

/**
 * Bounds what inlining may add to a model. Functions that call each other twice at each level
 * double with every level: a file of a few hundred bytes could ask for more nodes than memory
 * holds. What is inlined once is in the file, whose own size is therefore allowed on top.
 */
final class InliningBudget {
  /** About the memory that a node takes beside what is stored. */
  private static final int PART = 256;

  private static final int MOST_MIB = 16;
  private static final int MOST_DEPTH = 200;

  private final OnnxFile file;
  private final long most;
  private long spent;
  private int depth;

  /**
   * A budget for a model.
   *
   * @param size the bytes of the model as stored
   */
  InliningBudget(OnnxFile file, long size) {
    this.file = file;
    this.most = size + ((long) MOST_MIB << 20);
  }

  /**
   * Takes note of a node or initializer inside a function or branch.
   *
   * @param where the node, for errors
   * @param size its bytes as stored
   */
  void part(String where, int size) {
    spend(where, (long) PART + size);
  }

  /** Takes note of a name made for a tensor or node inside a function or branch. */
  void name(String name) {
    spend("`" + name + "`", name.length());
  }

  /**
   * Takes note of one more function or branch around the nodes that follow.
   *
   * @param where the node that stands for it, for errors
   */
  void enter(String where) {
    if (++depth > MOST_DEPTH) {
      throw file.error(
          where, "functions and branches at most " + MOST_DEPTH + " deep", "deeper ones");
    }
  }

  /** The last function or branch entered has ended. */
  void leave() {
    depth--;
  }

  private void spend(String where, long bytes) {
    spent += bytes;
    if (spent > most) {
      throw file.error(
          where,
          "functions and branches that add at most " + MOST_MIB + " MiB to the file when inlined",
          "more");
    }
  }
}
