package io.qalibre.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.qalibre.graph.Simulation;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Exporter_export_Test {
  @Test
  void x(@TempDir Path dir) {
    Simulation sim = SmallNet.simulation();
    Export e = Exporter.export(sim, Path.of("/tmp/exp"), "small");
    System.out.println(e);
    System.out.println(e.table().printAll());
    Verification v = e.verify(SmallNet.samples(40));
    System.out.println(v);
    System.out.println(v.table().printAll());
    Simulation r = IntegerBiases.round(sim);
    v = Exporter.export(r, Path.of("/tmp/exp"), "rounded").verify(SmallNet.samples(40));
    System.out.println(v);
    assertThat(v.agreement().top1()).isGreaterThan(99);
  }
}
