package io.qalibre.engine;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import io.qalibre.graph.QuantizerNode;
import io.qalibre.graph.Simulation;
import io.qalibre.graph.Tensor;
import io.qalibre.quant.Encoding;
import java.util.List;

/**
 * A simulation ready to run without gradients: its program, and its constants in native memory
 * until it is closed.
 */
final class Session implements AutoCloseable {
  private final Simulation simulation;
  private final ProgramSource source;
  private final Programs.Program program;
  private final PtNDManager manager;
  private final PtNDArray[] parameters;
  private final double[] grids;

  private Session(Simulation simulation, Mode mode) {
    this.simulation = simulation;
    source = ProgramCompiler.compile(simulation.graph(), mode);
    program = Programs.borrow(source.code());
    manager = (PtNDManager) Programs.newManager();
    try {
      parameters =
          source.parameters().stream()
              .map(p -> (PtNDArray) Transfer.toArray(manager, constant(p)))
              .toArray(PtNDArray[]::new);
      grids = mode == Mode.INFER ? grids() : new double[0];
    } catch (EngineException e) {
      close();
      throw EngineErrors.of(network(), "cannot be made ready", e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Opens a session; every enabled quantizer that the mode applies needs its encoding. */
  static Session open(Simulation simulation, Mode mode) {
    return new Session(simulation, mode);
  }

  /** The program's description. */
  ProgramSource source() {
    return source;
  }

  /** A manager below this session's, for the arrays of one batch. */
  NDManager newManager() {
    return manager.newSubManager();
  }

  /** The outputs for one batch of inputs, in the manager given. */
  NDList forward(NDManager into, NDList inputs) {
    PtNDArray[] arrays = inputs.stream().map(PtNDArray.class::cast).toArray(PtNDArray[]::new);
    try (IValue x = IValue.listFrom(arrays);
        IValue p = IValue.listFrom(parameters);
        IValue e = IValue.listFrom(grids);
        IValue result = IValueUtils.runMethod(program.block(), "forward", x, p, e)) {
      NDList outputs = new NDList();
      for (NDArray array : result.toTensorArray((PtNDManager) into)) {
        outputs.add(array);
      }
      return outputs;
    } catch (EngineException e) {
      throw EngineErrors.of(network(), "does not run on this data", e);
    }
  }

  private String network() {
    return "network `" + simulation.graph().name() + "`";
  }

  private Tensor constant(ProgramSource.Parameter parameter) {
    Tensor value = simulation.graph().initializer(parameter.initializer());
    QuantizerNode quantizer = parameter.quantizer();
    return quantizer == null ? value : simulation.rounded(quantizer);
  }

  /** For each activation's quantizer the ends of its clamp, its scale and its offset. */
  private double[] grids() {
    List<ProgramSource.Activation> activations = source.activations();
    double[] numbers = new double[ProgramCompiler.GRID_NUMBERS * activations.size()];
    for (int i = 0; i < activations.size(); i++) {
      int at = ProgramCompiler.GRID_NUMBERS * i;
      ProgramSource.Activation activation = activations.get(i);
      Encoding grid = simulation.encoding(activation.quantizer().id()).first();
      // The grid's ends as the float32 products that the program compares with.
      float scale = (float) grid.scale();
      double min = scale * (float) grid.offset();
      double max = scale * (float) (grid.offset() + grid.steps());
      numbers[at] = Math.min(max, Math.max(min, activation.low()));
      numbers[at + 1] = Math.min(max, Math.max(min, activation.high()));
      numbers[at + 2] = scale;
      numbers[at + 3] = grid.offset();
    }
    return numbers;
  }

  @Override
  public void close() {
    manager.close();
    program.close();
  }
}
