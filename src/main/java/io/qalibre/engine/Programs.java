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

  // Evicted programs are not closed here: a session may still run one. They go with their manager.
  private static final Map<Key, PtSymbolBlock> CACHE =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, PtSymbolBlock> eldest) {
          return size() > KEPT;
        }
      };

  private Programs() {}

  /** A manager of arrays on the current device. */
  static NDManager newManager() {
    return NDManager.newBaseManager(Devices.current(), "PyTorch");
  }

  /** The loaded program of a source, on the current device. */
  static synchronized PtSymbolBlock load(String code) {
    Key key = new Key(code, Devices.current());
    PtSymbolBlock block = CACHE.get(key);
    if (block == null) {
      block = compile(code);
      CACHE.put(key, block);
    }
    return block;
  }

  private static PtSymbolBlock compile(String code) {
    // The engine has to be up before its native library is called.
    Engine.getEngine("PyTorch");
    PtNDManager manager = (PtNDManager) newManager();
    try {
      return JniUtils.loadModule(
          manager, new ByteArrayInputStream(ScriptArchive.pack(code)), false, false);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw new QalibreException(
          "the engine does not take the program of this network: " + firstLine(e), e);
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().filter(l -> !l.isBlank()).findFirst().orElse("");
  }
}
