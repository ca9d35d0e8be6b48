package io.qalibre;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.qalibre.data.ProjectFiles;
import io.qalibre.engine.ConstantFolding;
import io.qalibre.engine.Devices;
import io.qalibre.engine.trace.BlockTracer;
import io.qalibre.export.EncodingsFit;
import io.qalibre.export.FloatGraph;
import io.qalibre.export.QdqReader;
import io.qalibre.graph.Graph;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.onnx.OnnxReader;
import io.qalibre.graph.op.OperatorCatalogue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where networks come from, and the process' settings. */
public final class Qalibre {
  private Qalibre() {}

  /**
   * Loads a network from an ONNX file. What it computes from constants alone, such as a weight that
   * is transposed before it is used, becomes a constant itself ({@link ConstantFolding}).
   *
   * @param file the file; a relative path is looked for here and in the folders above, so that a
   *     notebook and the project's root name files alike
   * @throws io.qalibre.errors.QalibreException if there is no such file, it is not ONNX, or it uses
   *     operators that are not supported, all of which the message lists
   */
  public static Network load(String file) {
    return load(found(file));
  }

  private static Path found(String file) {
    Path given = ProjectFiles.parse(file);
    return given.isAbsolute() || Files.exists(given) ? given : ProjectFiles.find(file);
  }

  /** Loads a network from an ONNX file; see {@link #load(String)}. */
  public static Network load(Path file) {
    Graph graph = OnnxReader.read(file);
    OperatorCatalogue.requireSupported(graph);
    return network(
        ConstantFolding.fold(graph), new Step("load", String.valueOf(file.getFileName())));
  }

  /**
   * Loads a network with encodings computed earlier: quantizers are where {@link
   * QuantConfig#int8()} may place them, and on, and of the bits, symmetry and channels, as the file
   * says. For those of another config, or to have the file checked against one, use {@link
   * QuantizationSimModel#loadEncodings}.
   *
   * @param onnx the float network
   * @param encodings its encodings, of any of AIMET's versions
   * @throws io.qalibre.errors.QalibreException if a file is missing or wrong, or the encodings do
   *     not belong to the network
   */
  public static QuantizedNetwork load(String onnx, String encodings) {
    return load(found(onnx), found(encodings));
  }

  /**
   * Loads a network with encodings computed earlier; see {@link #load(String, String)}.
   *
   * @param onnx the float network
   * @param encodings its encodings, of any of AIMET's versions
   */
  public static QuantizedNetwork load(Path onnx, Path encodings) {
    return load(onnx)
        .simulate(QuantConfig.int8())
        .loadEncodings(encodings, EncodingsFit.RECONFIGURE);
  }

  /**
   * Loads a quantized network from a QDQ ONNX file, such as {@link QuantizedNetwork#export} or
   * another tool writes: its pairs of QuantizeLinear and DequantizeLinear become quantizers with
   * their encodings again; see {@link QdqReader}. It can be run, trained on and exported like one
   * whose encodings were computed here.
   *
   * @param file the file; a relative path is looked for as by {@link #load(String)}
   * @throws io.qalibre.errors.QalibreException if there is no such file, it is not ONNX, it has
   *     none of the two operators or some that make no quantizer (integer kernels, blocks, int4,
   *     float8), or operators that are not supported; the message lists all of them
   */
  public static QuantizedNetwork loadQuantized(String file) {
    return loadQuantized(found(file));
  }

  /** Loads a quantized network from a QDQ ONNX file; see {@link #loadQuantized(String)}. */
  public static QuantizedNetwork loadQuantized(Path file) {
    QdqReader.Result read = QdqReader.read(file);
    Simulation simulation = read.simulation();
    String name = String.valueOf(file.getFileName());
    Network network = network(FloatGraph.of(simulation.graph()), new Step("loadQuantized", name));
    QuantizationSimModel sim =
        new QuantizationSimModel(network, simulation.graph(), name, read.integerBias());
    return new QuantizedNetwork(sim, simulation, Calibration.NONE, network.steps());
  }

  /**
   * Takes over a DJL model: its block is traced with the parameters it has now.
   *
   * @param model the model, trained or at least initialized
   * @param input the shape of its input; the first dimension is the batch, whatever its size
   * @throws io.qalibre.errors.QalibreException if the block calls what cannot be traced, has no
   *     parameters, or does not take the shape
   */
  public static Network of(Model model, Shape input) {
    String name = model.getName();
    return of(name == null || name.isBlank() ? "network" : name, model.getBlock(), input);
  }

  /**
   * Takes a graph as a network, such as {@code MobileNetV2.graph(32, 10, 1)} with its initial
   * weights.
   *
   * @param graph a graph of operators without quantizers
   * @throws io.qalibre.errors.QalibreException if it uses operators that are not supported, or its
   *     shapes do not go together
   */
  public static Network of(Graph graph) {
    return network(graph, new Step("of", "built as a graph"));
  }

  private static Network network(Graph graph, Step origin) {
    OperatorCatalogue.requireSupported(graph);
    // Shapes that do not go together are found now, not in the middle of a later cell.
    ShapeInference.infer(graph);
    return new Network(graph, List.of(origin));
  }

  /** Takes over a DJL block; see {@link #of(Model, Shape)}. */
  public static Network of(String name, Block block, Shape input) {
    return traced(BlockTracer.trace(name, block, input));
  }

  /**
   * Takes over a DJL block with several inputs, or with inputs of integers.
   *
   * @param name the network's name
   * @param block the block, trained or at least initialized
   * @param inputs its inputs in order; a dimension that is not known is the batch
   * @throws io.qalibre.errors.QalibreException if the block calls what cannot be traced, has no
   *     parameters, or does not take the inputs
   */
  public static Network of(String name, Block block, List<ValueInfo> inputs) {
    return traced(BlockTracer.trace(name, block, inputs));
  }

  private static Network traced(Graph graph) {
    return network(graph, new Step("of", "traced from a DJL block"));
  }

  /**
   * Chooses where networks run from now on.
   *
   * @param name {@code cpu}, {@code gpu0}, {@code gpu1} …
   * @throws io.qalibre.errors.QalibreException if there is no such device
   */
  public static void device(String name) {
    Devices.use(name);
  }

  /** Seeds the engine's random numbers: initial weights, dropout. */
  public static void seed(int seed) {
    Devices.seed(seed);
  }
}
