package io.qalibre.graph.op;

import io.qalibre.graph.TensorShape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * What Qalibre knows of an ONNX operator: the shapes that come out, the program that computes it,
 * what it costs, and how quantizers see it.
 */
public final class Operator {
  private final String type;
  private final Function<ShapeContext, List<TensorShape>> shapes;
  private final Function<CodeContext, String> code;
  private final ToLongFunction<ShapeContext> macs;
  private final boolean preservesGrid;
  private final Map<Integer, ParameterSlot> parameters;

  private Operator(Builder builder) {
    type = builder.type;
    shapes = builder.shapes;
    code = builder.code;
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

  /** The TorchScript expression that computes the first output. */
  public String code(CodeContext context) {
    return code.apply(context);
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
    private Function<CodeContext, String> code = c -> c.input(0);
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

    /** The TorchScript expression of the output; without this call it is the first input. */
    Builder code(Function<CodeContext, String> rule) {
      code = rule;
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
