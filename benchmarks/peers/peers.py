"""Lets Qalibre and its peers take turns at the same work, and prints how long each took; see ./run --help.

A contender is a program that prints `first MILLISECONDS`, warms up, and then prints a line of times in milliseconds for
each line `go COUNT` it reads. The first contender of a group is what the others are compared with.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STEPS = 3  # of a turn, where one is short: long enough that waking up does not count, short enough that the machine stays


def python(program, *arguments):
    return [sys.executable, str(HERE / program), *arguments]


def java(program, *arguments):
    home = os.environ.get("JAVA_HOME")
    return [f"{home}/bin/java" if home else "java", "-cp", os.environ["QALIBRE_BENCH_CLASSPATH"],
            f"io.qalibre.benchmarks.{program}", *arguments]


def fp32():
    for network in ("mobilenet_v2", "resnet50"):
        work = (network, "64", "32")
        yield (f"a training step of {network}, float32, live batch normalization, 32×3×64×64", STEPS, {
            "PyTorch": python("torch_step.py", *work, "contiguous"),
            "PyTorch, channels last": python("torch_step.py", *work, "channels_last"),
            "Qalibre": java("TrainingStep", *work),
        })


def adaround():
    work = ("8", "1000")
    yield ("AdaRound at 4 bits, an iteration of a layer: 1,000 in each of mobilenet_v2's first 8 layers, 32×3×64×64", 1, {
        "aimet_torch": python("aimet_adaround.py", *work),
        "Qalibre": java("AdaRoundLayers", *work),
    })


def simulation():
    work = ("mobilenet_v2", "64", "32")
    yield ("evaluating the simulation of mobilenet_v2, W8A8 per channel, a batch of 32×3×64×64", STEPS, {
        "PyTorch FP32, folded": python("torch_folded.py", *work, "float", "evaluate"),
        "aimet_torch": python("torch_folded.py", *work, "aimet", "evaluate"),
        "Qalibre": java("SimulationStep", *work, "evaluate"),
    })


def qat():
    for network in ("mobilenet_v2", "resnet50"):
        work = (network, "64", "32")
        yield (f"a QAT step of {network}, W8A8 per channel, 32×3×64×64", STEPS, {
            "PyTorch FP32, folded": python("torch_folded.py", *work, "float", "train"),
            "aimet_torch, frozen": python("torch_folded.py", *work, "aimet", "frozen"),
            "aimet_torch, learned": python("torch_folded.py", *work, "aimet", "learned"),
            "Qalibre, frozen": java("SimulationStep", *work, "frozen"),
            "Qalibre, learned": java("SimulationStep", *work, "learned"),
        })


def quantizer():
    for largest, clipped in (("6", "nothing clipped"), ("4", "2 % clipped")):
        yield (f"a learned quantizer behind a ReLU6, forward and backward, 32×96×32×32, {clipped}", 20, {
            "ATen's operator": python("quantizer_forms.py", "aten", largest),
            "element by element": python("quantizer_forms.py", "elementwise", largest),
            "rows (Qalibre's)": python("quantizer_forms.py", "rows", largest),
        })


ROWS = {"fp32": fp32, "adaround": adaround, "simulation": simulation, "qat": qat, "quantizer": quantizer}


class Contender:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.first = float(self.answer().removeprefix("first "))
        self.turns = []

    def answer(self):
        line = self.process.stdout.readline().strip()
        if not line:
            sys.exit(f"{' '.join(self.process.args[-4:])}: it ended with {self.process.wait()}")
        return line

    def turn(self, steps):
        print(f"go {steps}", file=self.process.stdin, flush=True)
        self.turns.append(statistics.median(float(ms) for ms in self.answer().split()))

    def close(self):
        """Ends it; the most memory that it held, in MB, where the system tells (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        self.peak = next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM")), float("nan"))
        self.process.stdin.close()
        self.process.wait()


def measure(commands, rounds, steps):
    contenders = {name: Contender(command) for name, command in commands.items()}
    for number in range(rounds):
        names = list(contenders)
        for name in names[number % len(names):] + names[:number % len(names)]:
            contenders[name].turn(steps)
    for contender in contenders.values():
        contender.close()
    return contenders


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help="all if none is named")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {arguments.rounds} turns; milliseconds")
    for row in arguments.rows or ROWS:
        for title, steps, commands in ROWS[row]():
            contenders = measure(commands, arguments.rounds, steps)
            base = next(iter(contenders.values()))
            print(f"\n{title}; {steps} a turn\n{'':24}{'first':>9}{'median':>9}{'quartiles':>16}{'ratio':>8}{'quartiles':>14}"
                  f"{'peak MB':>9}")
            for name, contender in contenders.items():
                low, middle, high = statistics.quantiles(contender.turns, n=4)
                ratios = [own / other for own, other in zip(contender.turns, base.turns)]
                r_low, ratio, r_high = statistics.quantiles(ratios, n=4)
                print(f"{name:24}{contender.first:9.0f}{middle:9.1f}{f'{low:.0f}–{high:.0f}':>16}"
                      f"{ratio:8.2f}{f'{r_low:.2f}–{r_high:.2f}':>14}{contender.peak:9.0f}", flush=True)


if __name__ == "__main__":
    main()
