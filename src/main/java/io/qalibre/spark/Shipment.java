package io.qalibre.spark;

import java.io.Serializable;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Work on its way to the workers, as bytes. It is broadcast: a worker's process gets it once,
 * unpacks it once, and all its tasks use the same networks, whose programs the engine keeps.
 */
final class Shipment implements Serializable {
  private static final long serialVersionUID = 1L;

  private final byte[] bytes;
  private transient @Nullable PartitionWork work;

  Shipment(PartitionWork work) {
    bytes = ValueWriter.write(work);
  }

  /** How much travels. */
  int size() {
    return bytes.length;
  }

  /** What is to be done. */
  synchronized PartitionWork work() {
    PartitionWork unpacked = work;
    if (unpacked == null) {
      unpacked = (PartitionWork) Objects.requireNonNull(ValueReader.read(bytes));
      work = unpacked;
    }
    return unpacked;
  }
}
