package io.qalibre.ptq;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Path;

/** Changes files that several processes may be changing, one at a time. */
final class FileLocks {
  private FileLocks() {}

  /** What is done with a file, from its beginning. */
  @FunctionalInterface
  interface Work {
    void in(RandomAccessFile file) throws IOException;
  }

  /**
   * Does something with a file that nobody else does anything with meanwhile. An interrupt is
   * neither heeded nor lost.
   *
   * @param file the file; made where there is none
   * @throws IOException if the file cannot be opened, or the work fails
   */
  static void inside(Path file, Work work) throws IOException {
    // Locks are the process', not the thread's.
    synchronized (FileLocks.class) {
      // A lock is a channel's, which an interrupt closes.
      boolean interrupted = Thread.interrupted();
      try {
        while (!tried(file, work)) {
          interrupted |= Thread.interrupted();
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  private static boolean tried(Path file, Work work) throws IOException {
    try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
      FileLock lock = open.getChannel().lock();
      try {
        work.in(open);
      } finally {
        lock.release();
      }
      return true;
    } catch (FileLockInterruptionException | ClosedByInterruptException e) {
      return false;
    }
  }
}
