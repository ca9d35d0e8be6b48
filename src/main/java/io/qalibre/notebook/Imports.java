package io.qalibre.notebook;

import java.util.List;
import java.util.stream.Stream;
import org.dflib.jjava.jupyter.kernel.BaseKernel;

/** The imports that notebooks are written with, beyond those the kernel has of its own. */
final class Imports {
  /**
   * Packages in whole. No two of them may hold a class of the same name, or the name could not be
   * used: DJL's {@code training.evaluator}, whose Accuracy is not ours, is left to the user.
   */
  static final List<String> PACKAGES =
      List.of(
          "io.qalibre",
          "io.qalibre.config",
          "io.qalibre.data",
          "io.qalibre.models",
          "io.qalibre.ptq",
          "io.qalibre.qat",
          "io.qalibre.analysis",
          "io.qalibre.export",
          "io.qalibre.engine",
          "io.qalibre.errors",
          "io.qalibre.spark",
          "io.qalibre.view",
          "java.util.function",
          "java.util.stream",
          "ai.djl.ndarray",
          "ai.djl.nn",
          "ai.djl.training");

  /** Single classes. */
  static final List<String> CLASSES =
      List.of(
          "io.qalibre.graph.Tensor",
          "io.qalibre.graph.onnx.WeightStorage",
          "io.qalibre.quant.QuantScheme",
          "io.qalibre.quant.Rounding",
          "java.nio.file.Files",
          "java.nio.file.Path",
          "tech.tablesaw.api.Table",
          "ai.djl.Model",
          "ai.djl.ndarray.types.DataType",
          "ai.djl.ndarray.types.Shape",
          "ai.djl.nn.convolutional.Conv2d",
          "ai.djl.nn.core.Linear",
          "ai.djl.nn.norm.BatchNorm",
          "ai.djl.nn.norm.Dropout",
          "ai.djl.nn.pooling.Pool",
          "ai.djl.training.dataset.Batch",
          "ai.djl.training.dataset.Dataset",
          "ai.djl.training.initializer.XavierInitializer",
          "ai.djl.training.listener.TrainingListener",
          "ai.djl.training.loss.Loss",
          "ai.djl.training.optimizer.Optimizer",
          "ai.djl.training.tracker.Tracker");

  private Imports() {}

  static void add(BaseKernel kernel) {
    List<String> lines = lines();
    // All at once takes half the time, but ends at the first line that is refused.
    if (!accepted(kernel, String.join("\n", lines))) {
      lines.forEach(line -> accepted(kernel, line));
    }
  }

  /** The import statements. */
  static List<String> lines() {
    return Stream.of(
            PACKAGES.stream().map(name -> "import " + name + ".*;"),
            CLASSES.stream().map(name -> "import " + name + ";"),
            Stream.of("import static " + Cells.class.getName() + ".*;"))
        .flatMap(lines -> lines)
        .toList();
  }

  /** The shell refuses a package that holds no class, and a class that is not on the class path. */
  private static boolean accepted(BaseKernel kernel, String code) {
    try {
      kernel.evalRaw(code);
      return true;
    } catch (Exception refused) {
      // A notebook can do without one import, and says which when it needs it.
      return false;
    }
  }
}
