"""Shows tables and charts in a Java kernel that is not JJava: rapaio-jupyter-kernel, from Maven Central, on JDK 25, where
there is one. On JDK 17 this kernel at times does not answer when it starts."""

import glob
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

import notebook

KERNEL = "io.github.padreati:rapaio-jupyter-kernel:3.0.1"
TIMEOUT_S, START_S = 300, 60
LISTENS = "Polling on Heartbeat"
LOG = notebook.ROOT / "target" / "other-kernels.log"
CELLS = [
    "%dependency /add-repo mine file://{repository}\n%dependency /add io.qalibre:qalibre:0.1.0-SNAPSHOT\n"
    "%dependency /resolve",
    "import io.qalibre.*;\nimport io.qalibre.data.*;\nimport io.qalibre.models.*;\n"
    "import static io.qalibre.notebook.Cells.*;",
    "var data = Datasets.fashionMnist();\nvar net = Qalibre.of(MnistNet.graph(1));\n"
    "var q = net.simulate(QuantConfig.int8()).computeEncodings(data.calibration(100));",
    "show(q.encodings());",
    "show(q.layerErrors(data.calibration(100)).chart());",
    'show("words");',
]
SHOWN = {3: ("text/html", "<table"), 4: ("text/html", '<img width="760"'), 5: ("text", "words")}


def maven(*arguments) -> str:
    return subprocess.run(["mvn", "-q", "-B", *arguments], cwd=notebook.ROOT, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def kernel_jar(folder: Path) -> Path:
    plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
    maven(plugin, f"-Dartifact={KERNEL}", f"-DoutputDirectory={folder}", "-Dmdep.useBaseVersion=true")
    return next(folder.glob("rapaio-jupyter-kernel-*.jar"))


def jdk25() -> str | None:
    home = os.environ.get("JAVA25_HOME") or next(iter(sorted(glob.glob("/usr/lib/jvm/*25*"))), None)
    return home and os.path.join(home, "bin", "java")


def shown(output) -> str:
    """What a cell's output shows, its media type first."""
    if output.output_type == "stream":
        return f"text {output.text}"
    return " ".join(f"{kind} {value}" for kind, value in output.get("data", {}).items())


def execute(cells, folder: str):
    """Runs the cells."""
    client = NotebookClient(new_notebook(cells=cells), kernel_name="other", timeout=TIMEOUT_S,
                            resources={"metadata": {"path": folder}})
    client.create_kernel_manager()
    with open(LOG, "w") as log:
        client.start_new_kernel(stdout=log, stderr=log)
        # What this kernel is asked before it listens is lost to it, and it answers nothing from then on.
        for _ in range(START_S):
            if LISTENS in LOG.read_text():
                break
            time.sleep(1)
        time.sleep(2)
        client.execute()


def wrong_on(java: str, jar: Path, repository: str) -> list[str]:
    """What is wrong with what is shown on a JDK."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "kernels", "other")
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(json.dumps({
            "argv": [java, "-jar", str(jar), "{connection_file}"], "display_name": "other", "language": "java",
            "interrupt_mode": "message", "env": {"QALIBRE_HOME": str(notebook.ROOT)}}))
        os.environ["JUPYTER_PATH"] = folder
        cells = [new_code_cell(source.replace("{repository}", repository)) for source in CELLS]
        try:
            execute(cells, folder)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as e:
            return [str(e).strip().splitlines()[-1]]
    wrong = []
    for number, (kind, part) in SHOWN.items():
        outputs = [shown(output) for output in cells[number].outputs]
        if not any(o.startswith(kind) and part in o for o in outputs):
            wrong.append(f"`{CELLS[number]}`: expected {kind} with `{part}`, found {[o[:80] for o in outputs]}")
    return wrong


def main() -> int:
    java = jdk25()
    if java is None:
        print("skipped rapaio-jupyter-kernel: there is no JDK 25; JAVA25_HOME may name one", flush=True)
        return 0
    repository = maven("help:evaluate", "-Dexpression=settings.localRepository", "-DforceStdout")
    with tempfile.TemporaryDirectory() as folder:
        wrong = wrong_on(java, kernel_jar(Path(folder)), repository)
    print(f"{'FAILED' if wrong else 'passed'} rapaio-jupyter-kernel on JDK 25{': ' + '; '.join(wrong) if wrong else ''}",
          flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
