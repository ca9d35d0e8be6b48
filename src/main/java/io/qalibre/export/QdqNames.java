package io.qalibre.export;

import io.qalibre.graph.Graph;
import io.qalibre.graph.Node;
import io.qalibre.graph.UniqueNames;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names for what is made of a QDQ file's pairs. */
final class QdqNames {
  /** What exporters call the codes of a constant: {@code w_q}, {@code w_quantized}. */
  private static final Pattern CODES = Pattern.compile("(.+?)(?:_qdq)?(?:_q(?:_\\d+)?|_quantized)");

  private final Graph file;
  private final UniqueNames tensors;
  private final UniqueNames nodes;

  QdqNames(Graph file) {
    this.file = file;
    tensors = UniqueNames.ofTensors(file);
    nodes = new UniqueNames(file.nodes().stream().map(Node::name).toList());
  }

  /** A name for a tensor that no tensor has. */
  String tensor(String wanted) {
    return tensors.get(wanted);
  }

  /** A name for a node that no node has. */
  String node(String wanted) {
    return nodes.get(wanted);
  }

  /**
   * The name of a constant that is stored as codes.
   *
   * @param codes the codes' name
   * @param output what their DequantizeLinear writes
   * @return what the codes' name was made from, where the output's was made from it too; the
   *     output's name otherwise
   */
  String constant(String codes, String output) {
    Matcher matcher = CODES.matcher(codes);
    String original = matcher.matches() ? matcher.group(1) : output;
    boolean known = !original.equals(output) && output.startsWith(original);
    return known && tensors.get(original).equals(original) ? original : instead(output);
  }

  /** A constant's name where all that is known is what is written from it: that name, if free. */
  String instead(String output) {
    return file.isOutput(output) ? tensors.get(output + "_raw") : output;
  }
}
