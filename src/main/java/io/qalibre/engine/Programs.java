package io.qalibre.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import io.qalibre.errors.QalibreException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Loads programs into libtorch and keeps the last few: code only, since weights and ranges are
 * arguments.
 */
final class Programs {
  private static final int KEPT = 32;

  private record Key(String code, Device device) {}

  private static final Map<Key, Program> CACHE = new LinkedHashMap<>(16, 0.75f, true);

  private Programs() {}

  /** A manager of arrays on the current device. */
  static NDManager newManager() {
    return NDManager.newBaseManager(Devices.current(), "PyTorch");
  }

  /** A program on loan; it stays loaded at least until it is closed. */
  static synchronized Program borrow(String code) {
    Program program = CACHE.computeIfAbsent(new Key(code, Devices.current()), Programs::load);
    program.users++;
    var eldest = CACHE.values().iterator();
    while (CACHE.size() > KEPT) {
      Program evicted = eldest.next();
      eldest.remove();
      evicted.kept = false;
      evicted.unloadIfUnused();
    }
    return program;
  }

  private static synchronized void release(Program program) {
    program.users--;
    program.unloadIfUnused();
  }

  private static Program load(Key key) {
    // The engine has to be up before its native library is called.
    Engine.getEngine("PyTorch");
    PtNDManager manager = (PtNDManager) newManager();
    try {
      return new Program(manager, load(manager, key.code()));
    } catch (QalibreException e) {
      manager.close();
      throw e;
    }
  }

  /** A program that lives as long as a manager. */
  static PtSymbolBlock load(NDManager manager, String code) {
    try {
      return JniUtils.loadModule(
          (PtNDManager) manager, new ByteArrayInputStream(ScriptArchive.pack(code)), false, false);
    } catch (IOException | RuntimeException e) {
      throw new QalibreException(
          "the engine does not take the program of this network: " + firstLine(e), e);
    }
  }

  /** A loaded program, and how many borrow it. */
  static final class Program implements AutoCloseable {
    private final NDManager manager;
    private final PtSymbolBlock block;
    private int users;
    private boolean kept = true;

    private Program(NDManager manager, PtSymbolBlock block) {
      this.manager = manager;
      this.block = block;
    }

    PtSymbolBlock block() {
      return block;
    }

    /** Ends a loan. */
    @Override
    public void close() {
      release(this);
    }

    private void unloadIfUnused() {
      if (!kept && users == 0) {
        manager.close();
      }
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().filter(l -> !l.isBlank()).findFirst().orElse("");
  }
}
