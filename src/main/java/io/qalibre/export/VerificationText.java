package io.qalibre.export;

import io.qalibre.export.Verification.Accuracies;
import io.qalibre.export.Verification.Agreement;
import io.qalibre.export.Verification.Latency;
import io.qalibre.export.Verification.Size;
import java.util.Locale;

/** A {@link Verification} in a few sentences. */
final class VerificationText {
  private VerificationText() {}

  static String of(Verification verification) {
    StringBuilder text = new StringBuilder();
    Agreement agreement = verification.agreement();
    text.append(format("ONNX Runtime beside the simulation on %,d samples: ", agreement.n()));
    if (!Double.isNaN(agreement.top1())) {
      text.append(format("the same top-1 on %.2f %%, ", agreement.top1()));
    }
    text.append(distance(agreement));
    Accuracies accuracies = verification.accuracies();
    if (accuracies != null) {
      text.append(
          format(
              "; top-1 %.2f %% against %.2f %% (difference %+.2f ± %.2f points)",
              accuracies.runtime().top1(),
              accuracies.simulation().top1(),
              accuracies.difference(),
              accuracies.standardError()));
    }
    text.append(
        format(
            ". To its operators run one by one (unfused) the simulation has %s, its own integer kernels (fused, what runs by default) %s: the simulation is %s.",
            distance(verification.distances().simulationToUnfused()),
            distance(verification.distances().unfusedToFused()),
            verification.asCloseAsRuntimeToItself()
                ? "as close to ONNX Runtime as ONNX Runtime is to itself"
                : "further from ONNX Runtime than ONNX Runtime is from itself"));
    Size size = verification.size();
    text.append(
        format(
            " %,.0f KiB instead of %,.0f", size.int8Bytes() / 1024.0, size.floatBytes() / 1024.0));
    for (Latency latency : verification.latencies()) {
      text.append(
          format(
              "; %.2f ms instead of %.2f for a batch of %d",
              latency.int8Millis(), latency.floatMillis(), latency.batch()));
    }
    return text.append(".").toString();
  }

  private static String distance(Agreement agreement) {
    return agreement.largest() == 0 ? "outputs equal" : format("SQNR %.1f dB", agreement.sqnr());
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
