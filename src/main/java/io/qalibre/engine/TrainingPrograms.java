package io.qalibre.engine;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.qalibre.graph.Graph;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The programs of a network that is trained, each loaded when it is first needed. */
final class TrainingPrograms {
  private final Graph graph;
  private final NDManager manager;
  private final Map<Key, Loaded> programs = new HashMap<>();

  /** Where there is nothing to drop or to normalize, programs are one. */
  private final Map<String, PtSymbolBlock> byCode = new HashMap<>();

  private record Key(Mode mode, @Nullable RangeForm form) {}

  /** A loaded program, and what its arguments are. */
  record Loaded(ProgramSource source, PtSymbolBlock block) {
    /**
     * Runs the program as it is written. TorchScript's optimizer would compile it anew after the
     * first call, with gradients that differ in the last bits: a resumed training would not end
     * where an uninterrupted one does. Nor is what it compiles any faster.
     */
    NDList forward(NDList arguments, boolean training) {
      JniUtils.setGraphExecutorOptimize(false);
      try {
        return IValueUtils.forward(block, arguments, training);
      } finally {
        JniUtils.setGraphExecutorOptimize(true);
      }
    }
  }

  /**
   * Prepares to load programs.
   *
   * @param graph the graph, with it decided which symmetric grids are unsigned
   * @param manager what the programs live as long as
   */
  TrainingPrograms(Graph graph, NDManager manager) {
    this.graph = graph;
    this.manager = manager;
  }

  /** The program in which ranges stay. */
  Loaded get(Mode mode) {
    return programs.computeIfAbsent(
        new Key(mode, null), key -> load(ProgramCompiler.compile(graph, mode)));
  }

  /** The program in which ranges learn. */
  Loaded get(Mode mode, RangeForm form) {
    return programs.computeIfAbsent(
        new Key(mode, form), key -> load(ProgramCompiler.compile(graph, mode, form)));
  }

  private Loaded load(ProgramSource source) {
    return new Loaded(
        source, byCode.computeIfAbsent(source.code(), code -> Programs.load(manager, code)));
  }
}
