package io.qalibre;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.qalibre.engine.EngineArrays;
import io.qalibre.errors.OutOfMemoryException;
import io.qalibre.graph.Graph;
import io.qalibre.graph.Tensor;
import io.qalibre.graph.onnx.OnnxWriter;
import io.qalibre.qat.Qat;
import io.qalibre.testing.Labelled;
import io.qalibre.testing.Net;
import io.qalibre.testing.OwnProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Too little memory, on the heap and outside of it. */
class Qalibre_memory_Test {
  private static final long FLOATS = 1L << 40;

  @TempDir private Path folder;

  /** The program that has too little: its argument is a file that does not fit. */
  public static final class Program {
    private Program() {}

    public static void main(String[] arguments) {
      try {
        Qalibre.load(Path.of(arguments[0]));
        System.out.println("it fits");
      } catch (OutOfMemoryException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void a_file_that_does_not_fit_the_heap_is_told_with_its_size() throws Exception {
    int side = 4096;
    Graph graph =
        Net.input(side)
            .constant("w", Tensor.of(new float[side * side], side, side))
            .op("y", "MatMul", List.of("x", "w"))
            .build("y");
    Path file = folder.resolve("large.onnx");
    OnnxWriter.write(graph, file);

    String said =
        OwnProcess.of(Program.class, folder.resolve("output.txt"), file.toString())
            .with("-Xmx48m")
            .run();

    assertThat(said)
        .contains(
            "not enough memory: `" + file + "` takes " + "%,d".formatted(file.toFile().length()))
        .contains("which may hold", "-Xmx");
  }

  /** Makes of each sample more numbers than any machine holds. */
  private static Network tooLarge() {
    return Qalibre.of(
        Net.input(1)
            .constant("n", Tensor.of(new long[] {1, FLOATS}, 2))
            .op("wide", "Expand", List.of("x", "n"))
            .op("twice", "Add", List.of("wide", "wide"))
            .op("y", "ReduceMax", List.of("twice"), "keepdims", 1L)
            .build("y"));
  }

  @Test
  void what_the_engine_could_not_have_is_told_and_it_goes_on_working() {
    Network network = tooLarge();
    Map<String, Tensor> one = Map.of("x", Tensor.of(new float[] {1}, 1, 1));
    int before = EngineArrays.arrays();

    assertThatThrownBy(() -> network.run(one))
        .isInstanceOf(OutOfMemoryException.class)
        .hasMessageContaining("network `net`")
        .hasMessageContaining(asked(1));

    assertThat(EngineArrays.arrays()).isEqualTo(before);
    Network small = Qalibre.of(Net.input(2).linear("y", "x", 1, 2).build("y"));
    assertThat(small.run(Map.of("x", Net.data(1, 1, 2)))).containsKey("y");
  }

  @Test
  void a_training_says_so_too() {
    Network network =
        Qalibre.of(
            Net.input(1)
                .linear("h", "x", 1, 1)
                .constant("n", Tensor.of(new long[] {1, FLOATS}, 2))
                .op("wide", "Expand", List.of("h", "n"))
                .op("twice", "Add", List.of("wide", "wide"))
                .op("y", "ReduceMax", List.of("twice"), "keepdims", 1L)
                .build("y"));

    assertThatThrownBy(
            () -> network.train(Labelled.of(Net.data(1, 4, 1), 0, 0, 0, 0), Qat.epochs(1)))
        .isInstanceOf(OutOfMemoryException.class)
        .hasMessageContaining(asked(4));
  }

  private static String asked(int samples) {
    return "asked for " + (long) samples * Float.BYTES * FLOATS + " bytes outside of the Java heap";
  }
}
