package io.qalibre.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;

/**
 * Overwrites arrays in place, those that gradients are recorded for too. DJL's own copying goes
 * through a guard that libtorch has deprecated and warns of in red.
 */
final class Assignment {
  private static final String CODE =
      """
      class M(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
        def forward(self: __torch__.M,
          source: Tensor,
          target: Tensor) -> Tensor:
          return torch.copy_(target, source)
      """;

  private Assignment() {}

  /** Copies the elements of an array into another one of the same shape. */
  static void copy(NDArray source, NDArray target) {
    PtNDManager manager = (PtNDManager) source.getManager();
    try (Programs.Program program = Programs.borrow(CODE);
        IValue from = IValue.from((PtNDArray) source);
        IValue to = IValue.from((PtNDArray) target);
        IValue result = IValueUtils.runMethod(program.block(), "forward", from, to)) {
      result.toTensor(manager).close();
    }
  }
}
