"""Lets Qalibre and its peers take turns at the same work, and prints how long each took; see ./run --help.

A contender is a program that prints `first MILLISECONDS`, warms up, and then prints a line of times in milliseconds for
each line `go COUNT` it reads. The first contender of a group is what the others are compared with.
"""

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from sections import put  # noqa: E402

STEPS = 3  # of a turn, where one is short: long enough that waking up does not count, short enough that the machine stays


def python(program, *arguments):
    return [sys.executable, str(HERE / program), *arguments]


def java(program, *arguments):
    """With the options that a notebook's kernel gets."""
    home = os.environ.get("JAVA_HOME")
    return [f"{home}/bin/java" if home else "java", *os.environ["JJAVA_JVM_OPTS"].split(), "-cp",
            os.environ["QALIBRE_BENCH_CLASSPATH"], f"io.qalibre.benchmarks.{program}", *arguments]


def fp32():
    for network in ("mobilenet_v2", "resnet50"):
        work = (network, "64", "32")
        yield (f"a training step of {network}, float32, live batch normalization, 32×3×64×64", STEPS, {
            "PyTorch": python("torch_step.py", *work, "contiguous"),
            "PyTorch, channels last": python("torch_step.py", *work, "channels_last"),
            "Qalibre": java("TrainingStep", *work),
        })


def adaround():
    work = ("4", "1000")
    yield ("AdaRound at 4 bits, an iteration of a layer: 1,000 in each of mobilenet_v2's first 4 layers, 32×3×64×64", 1, {
        "aimet_torch": python("aimet_adaround.py", *work),
        "Qalibre": java("AdaRoundLayers", *work),
    })


def simulation():
    for network, batch in (("mobilenet_v2", "32"), ("mobilenet_v2", "8"), ("mobilenet_v2", "1"), ("resnet50", "32")):
        work = (network, "64", batch)
        yield (f"evaluating the simulation of {network}, W8A8 per channel, a batch of {batch}×3×64×64", STEPS, {
            "PyTorch FP32, folded": python("torch_folded.py", *work, "float", "evaluate"),
            "aimet_torch": python("torch_folded.py", *work, "aimet", "evaluate"),
            "torchao PT2E": python("torch_folded.py", *work, "torchao", "evaluate"),
            "Qalibre": java("SimulationStep", *work, "evaluate"),
        })


def qat():
    for network in ("mobilenet_v2", "resnet50"):
        work = (network, "64", "32")
        yield (f"a QAT step of {network}, W8A8 per channel, 32×3×64×64", STEPS, {
            "PyTorch FP32, folded": python("torch_folded.py", *work, "float", "train"),
            "aimet_torch, frozen": python("torch_folded.py", *work, "aimet", "frozen"),
            "aimet_torch, learned": python("torch_folded.py", *work, "aimet", "learned"),
            "torchao PT2E, frozen": python("torch_folded.py", *work, "torchao", "frozen"),
            "Qalibre, frozen": java("SimulationStep", *work, "frozen"),
            "Qalibre, learned": java("SimulationStep", *work, "learned"),
        })


def preparation():
    return prepare("mobilenet_v2")


def preparation_resnet50():
    return prepare("resnet50")


def prepare(network):
    tasks = {"create": "making the simulation, and encodings from a batch",
             "calibrate min_max": "encodings from 10 batches, min_max",
             "calibrate tf_enhanced": "encodings from 10 batches, tf_enhanced",
             "calibrate percentile": "encodings from 10 batches, percentile 99.99",
             "equalize": "folding batch normalizations and equalizing",
             "export": "export"}
    work = (network, "64", "32")
    for task, words in tasks.items():
        contenders = {
            "aimet_torch": python("aimet_preparation.py", *work, "torch", *task.split()),
            "aimet_onnx": python("aimet_preparation.py", *work, "onnx", *task.split()),
            "Qalibre": java("Preparation", *work, *task.split()),
        }
        if (network, task) == ("resnet50", "equalize"):
            # It takes more memory with every turn: the third did not find 22 GB.
            del contenders["aimet_onnx"]
        yield f"{words}: {network}, W8A8 per channel, 32×3×64×64", 1, contenders


def start():
    work = ("mobilenet_v2", "64", "32")
    contenders = {
        "PyTorch FP32, folded": python("torch_folded.py", *work, "float", "evaluate"),
        "aimet_torch": python("torch_folded.py", *work, "aimet", "evaluate"),
        "Qalibre": java("SimulationStep", *work, "evaluate"),
    }
    yield ("from the start of the process to the first evaluation of mobilenet_v2's simulation, 32×3×64×64", 1, {
        name: python("start.py", *command) for name, command in contenders.items()})


def size():
    tasks = {"evaluate": "evaluating the simulation, a batch", "equalize": "folding batch normalizations and equalizing",
             "calibrate": "encodings from 10 batches, min_max"}
    for task, words in tasks.items():
        program = "SimulationStep" if task == "evaluate" else "Preparation"
        yield (f"{words}: mobilenet_v2 with its residual blocks repeated, 32×3×64×64", STEPS, {
            f"{52 + 30 * (times - 1)} convolutions": java(program, f"mobilenet_v2x{times}", "64", "32", task)
            for times in (1, 3, 6)})
    yield ("encodings of mobilenet_v2, tf_enhanced, 32×3×64×64 a batch", 1, {
        f"{batches} batches": java("Preparation", "mobilenet_v2", "64", "32", "calibrate", "tf_enhanced", str(batches))
        for batches in (10, 20, 40)})


def settings():
    for extent, batch in (("64", "32"), ("224", "25")):
        command = java("SimulationStep", "mobilenet_v2", extent, batch, "evaluate")
        yield (f"evaluating the simulation of mobilenet_v2, {batch}×3×{extent}×{extent}", STEPS, {
            "waiting threads sleep": ["env", "-u", "GOMP_SPINCOUNT", "-u", "THP_MEM_ALLOC_ENABLE", *command],
            "they spin shortly first": ["env", "-u", "THP_MEM_ALLOC_ENABLE", *command],
            "and large pages": command,
        })
    serial = java("SimulationStep", "resnet50", "64", "32", "evaluate")
    yield ("evaluating the simulation of resnet50, 32×3×64×64", STEPS, {
        "Java's own collector": [option.replace("UseSerialGC", "UseG1GC") for option in serial],
        "serial collector": serial,
    })


def quantizer():
    for largest, clipped in (("6", "nothing clipped"), ("4", "2 % clipped")):
        yield (f"a learned quantizer behind a ReLU6, forward and backward, 32×96×32×32, {clipped}", 20, {
            "ATen's operator": python("quantizer_forms.py", "aten", largest),
            "element by element": python("quantizer_forms.py", "elementwise", largest),
            "rows (Qalibre's)": python("quantizer_forms.py", "rows", largest),
        })


ROWS = {"fp32": fp32, "adaround": adaround, "simulation": simulation, "qat": qat, "preparation": preparation,
        "preparation_resnet50": preparation_resnet50, "start": start, "size": size, "settings": settings,
        "quantizer": quantizer}

HEADINGS = {"fp32": "Training in floats", "adaround": "AdaRound", "simulation": "Simulation",
            "qat": "Quantization-aware training", "preparation": "Before the first evaluation",
            "preparation_resnet50": "Before the first evaluation of ResNet50",
            "start": "Cold start", "size": "Larger networks, more samples", "settings": "Settings of a process",
            "quantizer": "Forms of a quantizer"}


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


def table(contenders):
    """A row for each contender: what it took, and what that is of the first one's, turn by turn."""
    base = next(iter(contenders.values()))
    yield ("", "first, ms", "median, ms", "ratio", "quartiles", "lowest–highest", "peak, MB")
    for name, contender in contenders.items():
        ratios = [own / other for own, other in zip(contender.turns, base.turns)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        yield (name, f"{contender.first:.0f}", f"{statistics.median(contender.turns):.1f}", f"{middle:.2f}",
               f"{low:.2f}–{high:.2f}", f"{min(ratios):.2f}–{max(ratios):.2f}", f"{contender.peak:.0f}")


def text(rows):
    return "\n".join(f"{row[0]:24}" + "".join(f"{cell:>15}" for cell in row[1:]) for row in rows)


def markdown(rows):
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" + "|--:" * (len(rows[0]) - 1) + "|", *body])


def machine():
    """The processor, its cores and what ran on it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    pinned = (HERE / "requirements.txt").read_text().split()
    return f"{model or platform.machine()}, {os.cpu_count()} cores; {', '.join(pin.replace('==', ' ') for pin in pinned)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help="all if none is named")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error("--rounds: expected at least 2")
    print(f"{machine()}, {arguments.rounds} turns")
    for row in arguments.rows or ROWS:
        sections = []
        for title, steps, commands in ROWS[row]():
            rows = list(table(measure(commands, arguments.rounds, steps)))
            title = f"{title}; {steps} a turn"
            print(f"\n{title}\n{text(rows)}", flush=True)
            sections.append(f"\n{title[0].upper()}{title[1:]}:\n\n{markdown(rows)}")
        if arguments.save:
            told = f"*{datetime.date.today()}, {arguments.rounds} turns. {machine()}.*"
            put(row, HEADINGS[row], "\n".join([told, *sections]))


if __name__ == "__main__":
    main()
