"""What a profile of libtorch's says: the time that each operator took itself, without the operators that it called."""

import collections
import json
import sys

SHOWN = 12
WORK = {"evaluate": "A batch of an evaluation", "learned": "A training step with learned ranges"}


def own_times(events):
    """Microseconds by operator, and how often it ran. Threads wait for each other here: their times do not overlap."""
    own, runs = collections.Counter(), collections.Counter()
    threads = collections.defaultdict(list)
    for event in events:
        threads[event["tid"]].append(event)
    for thread in threads.values():
        callers = []
        for event in sorted(thread, key=lambda e: (e["ts"], -e["dur"])):
            while callers and callers[-1]["ts"] + callers[-1]["dur"] <= event["ts"]:
                callers.pop()
            own[event["name"]] += event["dur"]
            runs[event["name"]] += 1
            if callers:
                own[callers[-1]["name"]] -= event["dur"]
            callers.append(event)
    return own, runs


def main():
    file, millis, network, work = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4]
    with open(file) as stream:
        profile = json.load(stream)
    profile = profile if isinstance(profile, list) else profile["traceEvents"]
    events = [event for event in profile if event.get("ph") == "X" and "dur" in event]
    span = max(e["ts"] + e["dur"] for e in events) - min(e["ts"] for e in events)
    own, runs = own_times(events)
    steps = span / 1e3 / millis
    print(f"{WORK[work]} of {network}, {millis:.0f} ms with the profiler:\n\n| operator | ms | % | times |\n|---|--:|--:|--:|")

    def row(name, microseconds, times):
        print(f"| {name} | {microseconds / span * millis:.1f} | {100 * microseconds / span:.1f} | {times} |")

    shown = own.most_common(SHOWN)
    for name, microseconds in shown:
        row(f"`{name}`", microseconds, f"{runs[name] / steps:.0f}")
    rest = sum(own.values()) - sum(microseconds for _, microseconds in shown)
    rest_runs = sum(runs.values()) - sum(runs[name] for name, _ in shown)
    row(f"{len(own) - len(shown)} others", rest, f"{rest_runs / steps:.0f}")
    row("outside of operators: Java, and what waits for it", span - sum(own.values()), "")


if __name__ == "__main__":
    main()
