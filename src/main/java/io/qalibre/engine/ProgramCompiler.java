package io.qalibre.engine;

import io.qalibre.errors.QalibreException;
import io.qalibre.graph.DataType;
import io.qalibre.graph.Graph;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.Node;
import io.qalibre.graph.OperatorNode;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.ShapeInference;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.TensorFacts;
import io.qalibre.graph.TensorShape;
import io.qalibre.graph.ValueInfo;
import io.qalibre.graph.op.CodeContext;
import io.qalibre.graph.op.OperatorCatalogue;
import io.qalibre.graph.op.ScriptMethod;
import io.qalibre.graph.op.ShapeContext;
import io.qalibre.quant.Granularity;
import io.qalibre.quant.Rounding;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes a graph as one TorchScript class with a method {@code forward}. */
final class ProgramCompiler {
  /** ATen's number for the memory format N×H×W×C. */
  private static final int CHANNELS_LAST = 2;

  /** ATen's numbers for floats of half, single and double precision. */
  private static final int HALF = 5;

  private static final int FLOAT = 6;
  private static final int DOUBLE = 7;

  /** Operators whose code is a function of ATen's that can also write over its argument. */
  private static final Set<String> CLAMPS = Set.of("Relu", "Clip");

  private static final Pattern FUNCTION = Pattern.compile("^(torch\\.\\w+)\\(");

  private static final Set<String> SUMS =
      Set.of("AveragePool", "Conv", "ConvTranspose", "Gemm", "GlobalAveragePool", "MatMul");

  /** The numbers in {@code e} for an activation: the ends of its clamp, its scale, its offset. */
  static final int GRID_NUMBERS = 4;

  private final Graph graph;
  private final Mode mode;
  private final @Nullable RangeScript learning;
  private final TensorFacts facts;
  private final boolean exactSums;
  private final Map<String, String> variables = new HashMap<>();
  private final Map<ProgramSource.Parameter, String> parameters = new LinkedHashMap<>();
  private final Map<String, Clamp> clamps = new HashMap<>();
  private final List<ProgramSource.Activation> activations = new ArrayList<>();
  private final List<QuantizerNode> ranges = new ArrayList<>();
  private final List<String> lines = new ArrayList<>();
  private final Set<ScriptMethod> methods = new LinkedHashSet<>();
  private int next;

  private ProgramCompiler(Graph graph, Mode mode, @Nullable RangeForm form) {
    this.graph = graph;
    this.mode = mode;
    this.learning = form == null ? null : new RangeScript(form);
    this.facts = ShapeInference.facts(graph);
    this.exactSums = graph.roundsHalfAway();
  }

  /** Compiles a graph for a mode; if it trains, with ranges that stay. */
  static ProgramSource compile(Graph graph, Mode mode) {
    return new ProgramCompiler(graph, mode, null).compile();
  }

  /** Compiles a graph for a mode of training, in which ranges learn. */
  static ProgramSource compile(Graph graph, Mode mode, RangeForm form) {
    return new ProgramCompiler(graph, mode, form).compile();
  }

  private ProgramSource compile() {
    graph.inputs().forEach(input -> variables.put(input.name(), fresh("x")));
    String inputs = unpack(graph.inputs().stream().map(i -> variable(i.name())).toList(), "x");
    graph.inputs().forEach(this::channelsLast);
    for (Node node : graph.nodes()) {
      if (node instanceof QuantizerNode quantizer) {
        quantize(quantizer);
      } else if (node instanceof OperatorNode operator) {
        operate(operator);
      }
    }
    return new ProgramSource(
        source(inputs),
        List.copyOf(parameters.keySet()),
        List.copyOf(activations),
        List.copyOf(ranges));
  }

  /**
   * Lays pictures out with the channels of a pixel side by side, which is what convolutions compute
   * fastest in (1.2 to 1.7 times, training MobileNetV2 and ResNet50 on a CPU); every operator after
   * them hands the layout on. Shapes and indices stay as they are.
   */
  private void channelsLast(ValueInfo input) {
    boolean pictures = input.shape().rank() == 4;
    if (pictures && graph.operators().stream().anyMatch(node -> node.type().equals("Conv"))) {
      String call = "torch.contiguous(%s, memory_format=%d)";
      assign(input.name(), call.formatted(variable(input.name()), CHANNELS_LAST));
    }
  }

  private void operate(OperatorNode node) {
    Optional<Clamp> clamp = absorbed(node);
    if (clamp.isPresent()) {
      clamps.put(node.output(), clamp.get());
      return;
    }
    List<String> expressions = OperatorCatalogue.get(node).code(new Code(node));
    for (int i = 0; i < node.outputs().size(); i++) {
      if (!node.outputs().get(i).isEmpty()) {
        String result = inPlace(node, expressions.get(i));
        assign(node.outputs().get(i), inDouble(node) ? cast(result, FLOAT) : result);
      }
    }
  }

  /**
   * A ReLU or ReLU6 writes over what it reads where nothing else reads that: taking memory costs
   * more than comparing.
   */
  private String inPlace(OperatorNode node, String expression) {
    boolean writes = !mode.trains() && CLAMPS.contains(node.type()) && overwritable(node.input(0));
    return writes ? FUNCTION.matcher(expression).replaceFirst("$1_(") : expression;
  }

  /**
   * The ReLU or ReLU6 that needs no pass of its own, since its clamp and a grid's are one. Where
   * ranges learn, it must begin at 0, which is on any grid.
   */
  private Optional<Clamp> absorbed(OperatorNode node) {
    return mode == Mode.OBSERVE
        ? Optional.empty()
        : Clamp.quantized(graph, node).filter(clamp -> learning == null || clamp.low() == 0);
  }

  private void quantize(QuantizerNode node) {
    if (!node.enabled() || unread(node) || (node.spec().format().floating() && observes(node))) {
      alias(node);
    } else if (node.spec().format().floating()) {
      assign(node.output(), cast(cast(variable(node.input()), HALF), FLOAT));
    } else if (node.parameter() && !mode.trains()) {
      String name = variable(node.input(), node);
      variables.put(node.output(), name);
    } else if (mode.trains()) {
      train(node);
    } else if (mode == Mode.OBSERVE) {
      activations.add(new ProgramSource.Activation(node, Clamp.NONE.low(), Clamp.NONE.high()));
      alias(node);
    } else {
      infer(node);
    }
  }

  /** Whether nothing reads what a quantizer writes, and it is not observed for its encoding. */
  private boolean unread(QuantizerNode node) {
    return mode != Mode.OBSERVE
        && graph.consumers(node.output()).isEmpty()
        && !graph.isOutput(node.output());
  }

  private boolean observes(QuantizerNode node) {
    return mode == Mode.OBSERVE && !node.parameter();
  }

  /** Whether an operator's sums are computed in float64: see {@link Rounding#HALF_AWAY}. */
  private boolean inDouble(OperatorNode node) {
    return exactSums && SUMS.contains(node.type());
  }

  private static String cast(String expression, int type) {
    return "torch.to(%s, %d)".formatted(expression, type);
  }

  private void alias(QuantizerNode node) {
    variables.put(node.output(), variable(node.input()));
  }

  /** Clamps to the grid's ends, then divides, rounds and multiplies in place: one new tensor. */
  private void infer(QuantizerNode node) {
    int base = GRID_NUMBERS * activations.size();
    String source = clamped(node);
    String in = variable(source);
    String clampName = overwritable(source) ? "torch.clamp_" : "torch.clamp";
    String out = fresh("q");
    lines.add("%s = %s(%s, e[%d], e[%d])".formatted(out, clampName, in, base, base + 1));
    String code = "torch.div_(%s, e[%d])".formatted(out, base + 2);
    String rounded =
        node.spec().format().rounding() == Rounding.HALF_EVEN
            ? "torch.round_(" + code + ")"
            : "torch.add_(torch.floor_(torch.add_(torch.sub_(%s, e[%d]), 0.5)), e[%d])"
                .formatted(code, base + 3, base + 3);
    lines.add("%s = torch.mul_(%s, e[%d])".formatted(fresh("d"), rounded, base + 2));
    variables.put(node.output(), out);
  }

  /** Notes the grid of an activation; the tensor that it clamps, an absorbed function's input. */
  private String clamped(QuantizerNode node) {
    Clamp clamp = clamps.getOrDefault(node.input(), Clamp.NONE);
    activations.add(new ProgramSource.Activation(node, clamp.low(), clamp.high()));
    return clamp.input().isEmpty() ? node.input() : clamp.input();
  }

  /** Whether nothing else reads a tensor's memory, looking through quantizers that do nothing. */
  private boolean overwritable(String tensor) {
    if (!graph.hasSingleConsumer(tensor)) {
      return false;
    }
    Node producer = graph.producer(tensor).orElse(null);
    return producer instanceof QuantizerNode quantizer
        ? !quantizer.enabled() && overwritable(quantizer.input())
        : producer instanceof OperatorNode operator && OperatorCatalogue.get(operator).fresh();
  }

  private void train(QuantizerNode node) {
    if (node.spec().granularity() instanceof Granularity.PerBlock) {
      throw new QalibreException(
          "`" + node.tensor() + "` is quantized blockwise, which training does not do yet");
    }
    if (learning == null) {
      stay(node);
    } else {
      learn(node, learning);
    }
  }

  private void learn(QuantizerNode node, RangeScript learning) {
    QuantizerScript script = new QuantizerScript(node);
    TensorShape shape = facts.shape(node.input());
    long size = node.spec().perChannel() ? shape.dim(node.spec().axis()).size() : 1;
    RangeScript.Variables range = learning.variables(node, 2 * range(node), size);
    Clamp clamp = clamps.get(node.input());
    assign(
        node.output(),
        clamp == null
            ? script.learned(learning.form(), variable(node.input()), shape.rank(), range)
            : script.rectified(learning.form(), variable(clamp.input()), clamp.high(), range));
  }

  /** Quantizers that share an encoding have one range; its number in order. */
  private int range(QuantizerNode node) {
    int known = ranges.stream().map(QuantizerNode::id).toList().indexOf(node.id());
    if (known < 0) {
      ranges.add(node);
    }
    return known < 0 ? ranges.size() - 1 : known;
  }

  private void stay(QuantizerNode node) {
    boolean channels = node.spec().perChannel();
    int at =
        channels ? 1 + FixedGrids.ARRAYS * range(node) : FixedGrids.NUMBERS * activations.size();
    String in = variable(channels ? node.input() : clamped(node));
    int rank = facts.shape(node.input()).rank();
    assign(node.output(), new QuantizerScript(node).fixed(in, at, rank));
  }

  private void assign(String tensor, String expression) {
    variables.put(tensor, let(expression));
  }

  private String let(String expression) {
    String name = fresh("t");
    lines.add(name + " = " + expression);
    return name;
  }

  private String fresh(String prefix) {
    return prefix + next++;
  }

  /** The variable of a tensor; initializers become arguments when they are first used. */
  private String variable(String tensor) {
    return variables.containsKey(tensor)
        ? variables.get(tensor)
        : parameter(new ProgramSource.Parameter(tensor, null));
  }

  private String variable(String initializer, QuantizerNode quantizer) {
    return parameter(new ProgramSource.Parameter(initializer, quantizer));
  }

  private String parameter(ProgramSource.Parameter parameter) {
    return parameters.computeIfAbsent(parameter, k -> fresh("p"));
  }

  private String source(String unpackInputs) {
    // First the outputs: one that is a constant becomes an argument by being asked for.
    String outputs =
        graph.outputs().stream()
            .map(ValueInfo::name)
            .map(this::variable)
            .collect(Collectors.joining(", "));
    List<String> body = new ArrayList<>();
    if (!graph.inputs().isEmpty()) {
      body.add(unpackInputs);
    }
    if (!parameters.isEmpty()) {
      body.add(unpack(List.copyOf(parameters.values()), "p"));
    }
    if (mode.trains() && !activations.isEmpty()) {
      body.add("e = torch.unbind(r[0])");
    }
    if (learning != null) {
      body.addAll(learning.lines());
    }
    body.addAll(lines);
    body.addAll(
        mode == Mode.OBSERVE
            ? ObserverScript.results(outputs, observed())
            : List.of("return [" + outputs + "]"));
    return "class M(Module):\n"
        + "  __parameters__ = []\n"
        + "  __buffers__ = []\n"
        + "  training : bool\n"
        + method("forward", body)
        + methods.stream().map(ScriptMethod::code).collect(Collectors.joining())
        + (mode.trains() ? QuantizerScript.METHODS : "")
        + (mode == Mode.OBSERVE ? ObserverScript.METHODS : "");
  }

  private List<String> observed() {
    return activations.stream().map(a -> variable(a.quantizer().input())).toList();
  }

  private String method(String name, List<String> body) {
    String last = mode.trains() ? "r: List[Tensor]" : "e: List[float]";
    return "  def "
        + name
        + "(self: __torch__.M,\n    x: List[Tensor],\n    p: List[Tensor],\n    "
        + last
        + ") -> List[Tensor]:\n"
        + body.stream().map(line -> "    " + line + "\n").collect(Collectors.joining());
  }

  private static String unpack(List<String> names, String list) {
    return String.join(", ", names) + ", = " + list;
  }

  /** What the catalogue's code rules ask about a node. */
  private final class Code implements CodeContext {
    private final ShapeContext known;

    Code(OperatorNode node) {
      this.known = facts.context(node);
    }

    @Override
    public OperatorNode node() {
      return known.node();
    }

    @Override
    public long opset() {
      return known.opset();
    }

    @Override
    public TensorShape shape(int input) {
      return known.shape(input);
    }

    @Override
    public DataType type(int input) {
      return known.type(input);
    }

    @Override
    public Optional<Tensor> constant(int input) {
      return known.constant(input);
    }

    @Override
    public Optional<List<IndexValue>> values(int input) {
      return known.values(input);
    }

    @Override
    public boolean liveStatistics() {
      return mode == Mode.TRAIN_LIVE_NORMS;
    }

    @Override
    public boolean dropsOut() {
      return mode.dropsOut();
    }

    @Override
    public String input(int index) {
      String variable = variable(node().input(index));
      return inDouble(node()) && type(index) == DataType.FLOAT ? cast(variable, DOUBLE) : variable;
    }

    @Override
    public String let(String expression) {
      return ProgramCompiler.this.let(expression);
    }

    @Override
    public void method(ScriptMethod method) {
      methods.add(method);
    }
  }
}
