package io.qalibre.spark;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import io.qalibre.errors.QalibreException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class WorkerEngine_require_Test {
  @Test
  void a_missing_library_is_a_sentence_with_host_and_cause() throws UnknownHostException {
    String host = InetAddress.getLocalHost().getHostName();
    Runnable start =
        () -> {
          throw new EngineException(
              "Failed to load PyTorch native library",
              new UnsatisfiedLinkError("libtorch.so: cannot open shared object file"));
        };

    assertThatThrownBy(() -> WorkerEngine.require(start))
        .isInstanceOf(QalibreException.class)
        .hasMessageContaining("the worker on host " + host)
        .hasMessageContaining("has no native library of PyTorch")
        .hasMessageContaining("UnsatisfiedLinkError: libtorch.so: cannot open shared object file")
        .hasMessageContaining("pytorch-native-cpu");
  }

  @Test
  void an_engine_that_starts_is_fine() {
    assertThatCode(WorkerEngine::require).doesNotThrowAnyException();
  }
}
