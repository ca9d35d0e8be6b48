package io.qalibre.graph.op;

import io.qalibre.graph.DataType;
import io.qalibre.graph.IndexValue;
import io.qalibre.graph.TensorShape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * What Qalibre knows of an ONNX operator: the shapes that come out, the program that computes it,
 * what it costs, and how quantizers see it.
 */
public final class Operator {
  private final String type;
  private final Function<ShapeContext, List<TensorShape>> shapes;
  private final BiFunction<NodeContext, Integer, DataType> types;
  private final Function<ShapeContext, Optional<List<IndexValue>>> values;
  private final Function<CodeContext, List<String>> code;
  private final boolean fresh;
  private final ToLongFunction<ShapeContext> macs;
  private final boolean preservesGrid;
  private final Map<Integer, ParameterSlot> parameters;

  private Operator(Builder builder) {
    type = builder.type;
    shapes = builder.shapes;
    types = builder.types;
    values = builder.values;
    code = builder.code;
    fresh = builder.fresh;
    macs = builder.macs;
    preservesGrid = builder.preservesGrid;
    parameters = Map.copyOf(builder.parameters);
  }

  /** Starts the entry of an operator. */
  static Builder named(String type) {
    return new Builder(type);
  }

  /** The ONNX operator's name, such as {@code Conv}. */
  public String type() {
    return type;
  }

  /**
   * The shapes of the outputs.
   *
   * @throws io.qalibre.errors.QalibreException if the inputs' shapes do not go together
   */
  public List<TensorShape> shapes(ShapeContext context) {
    return shapes.apply(context);
  }

  /** The element type of an output. */
  public DataType type(NodeContext context, int output) {
    return types.apply(context, output);
  }

  /**
   * The elements of the first output where it holds sizes or positions, as far as they are known
   * before there is data.
   */
  public Optional<List<IndexValue>> values(ShapeContext context) {
    return values.apply(context);
  }

  /** The TorchScript expressions that compute the outputs, in order. */
  public List<String> code(CodeContext context) {
    return code.apply(context);
  }

  /** Whether the output is memory of its own, which may be overwritten. */
  public boolean fresh() {
    return fresh;
  }

  /** Multiply-accumulate operations for the shapes given; 0 for what is not a matrix product. */
  public long macs(ShapeContext context) {
    return macs.applyAsLong(context);
  }

  /** Whether every output value is one of the input's: q(f(x)) = f(q(x)). */
  public boolean preservesGrid() {
    return preservesGrid;
  }

  /** The inputs that hold parameters when they are initializers, by index. */
  public Map<Integer, ParameterSlot> parameters() {
    return parameters;
  }

  /** Collects an operator's entry. */
  static final class Builder {
    private final String type;
    private Function<ShapeContext, List<TensorShape>> shapes = c -> List.of(c.shape(0));
    private BiFunction<NodeContext, Integer, DataType> types = (c, output) -> c.type(0);
    private Function<ShapeContext, Optional<List<IndexValue>>> values = c -> Optional.empty();
    private Function<CodeContext, List<String>> code = c -> List.of(c.input(0));
    private boolean fresh;
    private ToLongFunction<ShapeContext> macs = c -> 0;
    private boolean preservesGrid;
    private final Map<Integer, ParameterSlot> parameters = new LinkedHashMap<>();

    private Builder(String type) {
      this.type = type;
    }

    /** The shape of the only output; without this call it is the first input's. */
    Builder shape(Function<ShapeContext, TensorShape> rule) {
      shapes = c -> List.of(rule.apply(c));
      return this;
    }

    /** The shapes of several outputs; a node may name fewer. */
    Builder shapes(Function<ShapeContext, List<TensorShape>> rule) {
      shapes = rule;
      return this;
    }

    /** The element type of all outputs; without this call it is the first input's. */
    Builder type(DataType type) {
      types = (c, output) -> type;
      return this;
    }

    /** The element type of each output. */
    Builder type(BiFunction<NodeContext, Integer, DataType> rule) {
      types = rule;
      return this;
    }

    /** What is known of the output's elements where it holds sizes or positions. */
    Builder values(Function<ShapeContext, Optional<List<IndexValue>>> rule) {
      values = rule;
      return this;
    }

    /** The TorchScript expression of the output; without this call it is the first input. */
    Builder code(Function<CodeContext, String> rule) {
      code = c -> List.of(rule.apply(c));
      return this;
    }

    /** The TorchScript expressions of several outputs. */
    Builder codes(Function<CodeContext, List<String>> rule) {
      code = rule;
      return this;
    }

    /** Says that the output is memory of its own, which may be overwritten. */
    Builder fresh() {
      fresh = true;
      return this;
    }

    /** Multiply-accumulate operations; without this call none. */
    Builder macs(ToLongFunction<ShapeContext> rule) {
      macs = rule;
      return this;
    }

    /** Says that every output value is one of the input's. */
    Builder preservesGrid() {
      preservesGrid = true;
      return this;
    }

    /** Says that an input holds a parameter when it is an initializer. */
    Builder parameter(int input, ParameterSlot slot) {
      parameters.put(input, slot);
      return this;
    }

    Operator build() {
      return new Operator(this);
    }
  }
}
