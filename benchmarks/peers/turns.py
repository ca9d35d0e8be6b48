"""How a contender answers; see peers.py."""

import os
import sys


def answers():
    """Where this program answers; all that AIMET logs to standard output goes to standard error from now on."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return own


def serve(out, work, warm_up):
    """Says how long the first time took, warms up, and answers until the input ends; work gives milliseconds."""
    print("first", work(), file=out, flush=True)
    for _ in range(warm_up):
        work()
    for line in sys.stdin:
        print(*[work() for _ in range(int(line.split()[1]))], file=out, flush=True)
