"""A contender: how long another takes from its start until its first result, process and compiling included."""

import subprocess
import sys
import time

from turns import serve


def first_result():
    start = time.perf_counter()
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        millis = 1e3 * (time.perf_counter() - start)
        process.kill()
    if not line.startswith("first "):
        sys.exit(f"{' '.join(sys.argv[-4:])}: no result")
    return millis


if __name__ == "__main__":
    serve(sys.stdout, first_result, 0)
