package io.qalibre.export;

import io.qalibre.config.OperatorFamilies;
import io.qalibre.graph.Attributes;
import io.qalibre.graph.Graph;
import io.qalibre.graph.GraphBuilder;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.quant.FakeQuantizer;
import io.qalibre.quant.TensorEncoding;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Reads QDQ ONNX files: turns each pair of QuantizeLinear and DequantizeLinear back into a
 * quantizer with its encoding.
 *
 * <ul>
 *   <li>Activations are pairs with one grid of signed or unsigned codes of 4, 8 or 16 bits. A pair
 *       that gives a tensor the grid that its values lie on already, as {@link QdqGraph} puts them
 *       behind operators that only move values, becomes a quantizer that is disabled.
 *   <li>Weights are codes with a DequantizeLinear, whose floats become the initializer, or floats
 *       with a pair; they have one grid, one a channel, or one a block.
 *   <li>Codes of 32 bits, which biases have, become floats without a quantizer.
 *   <li>Bounds and sizes that operators need as constants become constants without a quantizer.
 * </ul>
 *
 * <p>Tensors keep their float names: that of the tensor before the pair, or of the pair's output
 * where that is an output of the network. A constant stored as {@code w_q} or {@code w_quantized}
 * is called {@code w} again. Where a tensor is quantized twice, an Identity writes the second one.
 *
 * <p>A file does not say everything. A grid with zero in the middle is taken to be symmetric, any
 * other not to be; a grid has all codes of its type, but for an activation with a Clip as {@link
 * QdqGraph} writes it, so that a weight of other than 4, 8 or 16 bits has those of its type
 * afterwards. That the scales of blocks were whole multiples (LPBQ) is forgotten, the scales are
 * not. A bias that was quantized to a grid of its own has none afterwards, and one that is added by
 * an Add of its own, because no integer kernel could, stays there. Half-precision floats have no
 * grid: the two Casts of an activation stay in the network, which computes the same with them, and
 * a weight stored as float16 is one of rounded floats.
 */
public final class QdqReader {
  private final Graph file;
  private final QdqPairs pairs;
  private final QdqNames names;
  private final GraphBuilder result;
  private final QuantizerRebuilder quantizers;
  private final List<Node> nodes = new ArrayList<>();
  private boolean integerBias;

  /** The quantizers so far, by what they quantize and how. */
  private final Map<Key, QuantizerNode> made = new HashMap<>();

  private final Set<String> quantized = new HashSet<>();

  /** What is read instead of a tensor. */
  private final Map<String, String> read = new HashMap<>();

  /** What is read instead of a tensor where operators need a constant. */
  private final Map<String, String> bounds = new HashMap<>();

  private QdqReader(Graph file, String name) {
    this.file = file;
    pairs = QdqPairs.of(file, name);
    names = new QdqNames(file);
    result = file.toBuilder();
    quantizers = new QuantizerRebuilder(file);
  }

  private record Key(String source, TensorEncoding encoding) {}

  /**
   * What a file holds.
   *
   * @param simulation the network with its quantizers and their encodings
   * @param integerBias whether the file stores biases as the integers that kernels add
   */
  public record Result(Simulation simulation, boolean integerBias) {}

  /**
   * Reads a file.
   *
   * @param path an ONNX file
   * @throws io.qalibre.graph.onnx.OnnxFormatException if it is no ONNX file that can be read, has
   *     no pairs, or has QuantizeLinear and DequantizeLinear that are no quantizers, all of which
   *     the message lists
   */
  public static Result read(Path path) {
    return of(OnnxReader.read(path), path.toString());
  }

  /** What a graph of operators holds; see {@link #read}. */
  static Result of(Graph graph, String name) {
    return new QdqReader(graph, name).build();
  }

  private Result build() {
    for (OperatorNode node : file.operators()) {
      Dequantized part = pairs.found().get(node.output());
      if (part instanceof Dequantized.Activation pair) {
        activation(pair);
      } else if (part instanceof Dequantized.Constant constant) {
        constant(constant);
      } else if (part instanceof Dequantized.Bias bias) {
        integerBias = true;
        plain(bias, bias.value(), false);
      } else if (!pairs.isPart(node)) {
        nodes.add(node.withInputs(inputs(node)));
      }
    }
    Graph graph = result.nodes(nodes).withoutUnusedInitializers().build();
    return new Result(quantizers.simulation(graph), integerBias);
  }

  private List<String> inputs(OperatorNode node) {
    return IntStream.range(0, node.inputs().size())
        .mapToObj(
            i -> {
              String tensor = node.input(i);
              String data = read.getOrDefault(tensor, tensor);
              return OperatorFamilies.isData(node, i) ? data : bounds.getOrDefault(tensor, data);
            })
        .toList();
  }

  private void activation(Dequantized.Activation pair) {
    Key key = new Key(pair.source(), pair.encoding());
    if (shared(key, pair.output())) {
      return;
    }
    String input = read.getOrDefault(pair.source(), pair.source());
    String output = output(pair);
    boolean renames = file.isOutput(output);
    if (quantized.add(input) && !(renames && keepsName(pair.source()))) {
      add(key, quantizers.activation(pair, renames ? output : input, input, output));
    } else {
      String copied = renames ? names.tensor(output + "_raw") : output;
      nodes.add(
          new OperatorNode(
              names.node(copied + "_Identity"),
              "Identity",
              List.of(input),
              List.of(copied),
              Attributes.NONE));
      String written = renames ? output : names.tensor(output + "_qdq");
      add(key, quantizers.activation(pair, output, copied, written));
    }
    shared(key, pair.output());
  }

  /** Whether no operator writes a tensor that could write the network's output in its place. */
  private boolean keepsName(String tensor) {
    return file.isOutput(tensor)
        || !(file.producer(tensor).orElse(null) instanceof OperatorNode node)
        || pairs.isPart(node);
  }

  /** Reads an equal quantizer of the same tensor, if there is one, instead of another. */
  private boolean shared(Key key, String output) {
    QuantizerNode equal = made.get(key);
    if (equal == null || (file.isOutput(output) && !equal.output().equals(output))) {
      return false;
    }
    read.put(output, equal.output());
    return true;
  }

  /** What a pair's quantizer writes: the network's output, if an equal pair writes one. */
  private String output(Dequantized.Activation pair) {
    return pairs.found().values().stream()
        .filter(Dequantized.Activation.class::isInstance)
        .map(Dequantized.Activation.class::cast)
        .filter(other -> other.source().equals(pair.source()))
        .filter(other -> other.encoding().equals(pair.encoding()))
        .map(Dequantized.Activation::output)
        .filter(file::isOutput)
        .filter(output -> !read.containsKey(output))
        .findFirst()
        .orElse(pair.output());
  }

  private void add(Key key, QuantizerNode quantizer) {
    nodes.add(quantizer);
    made.put(key, quantizer);
    quantized.add(quantizer.output());
  }

  private void constant(Dequantized.Constant constant) {
    String output = constant.output();
    boolean data = hasReaders(output, true);
    if (!data || hasReaders(output, false) || file.isOutput(output)) {
      plain(constant, onGrid(constant), data);
    }
    Key key = new Key(constant.source(), constant.encoding());
    if (!data || shared(key, output)) {
      return;
    }
    boolean named = !constant.stored() && quantized.add(constant.source());
    String tensor = named ? constant.source() : name(constant);
    boolean free = !tensor.equals(output) && !file.isOutput(output);
    String written = free ? output : names.tensor(output + "_qdq");
    result.initializer(tensor, constant.value());
    add(key, quantizers.constant(constant, tensor, written));
    read.put(output, written);
  }

  /**
   * Puts a constant in the place of a DequantizeLinear.
   *
   * @param readAsDataToo whether a quantizer takes that place as well, for operators that read data
   */
  private void plain(Dequantized part, Tensor value, boolean readAsDataToo) {
    String output = part.output();
    String name;
    if (file.isOutput(output)) {
      name = output;
    } else {
      name = readAsDataToo ? names.tensor(output + "_constant") : name(part);
    }
    result.initializer(name, value);
    (readAsDataToo ? bounds : read).put(output, name);
  }

  private String name(Dequantized part) {
    boolean stored = !(part instanceof Dequantized.Constant constant) || constant.stored();
    return stored ? names.constant(part.source(), part.output()) : names.instead(part.output());
  }

  private static Tensor onGrid(Dequantized.Constant constant) {
    Tensor value = constant.value();
    float[] values = FakeQuantizer.apply(value.floats(), value.sizes(), constant.encoding());
    return Tensor.of(values, value.sizes());
  }

  /** Whether operators read a tensor as data, or in another way. */
  private boolean hasReaders(String tensor, boolean data) {
    return file.consumers(tensor).stream()
        .map(OperatorNode.class::cast)
        .anyMatch(
            node ->
                IntStream.range(0, node.inputs().size())
                    .filter(i -> node.input(i).equals(tensor))
                    .anyMatch(i -> OperatorFamilies.isData(node, i) == data));
  }
}
