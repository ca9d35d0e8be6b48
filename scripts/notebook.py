"""Runs Java notebooks without a browser: a line a cell while it runs, the user's own exception when one fails.

The cell tagged `result` (the last, if there are several) is what a notebook has to say; it is printed at the end. Cells
tagged `raises-exception` may fail, cells tagged `skip-execution` are left out.
"""

import argparse
import asyncio
import atexit
import logging
import os
import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
COPIES = ROOT / "target" / "notebooks"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
MARKED = "\x1b[41m"  # the kernel paints the place of a compilation error red
KERNEL = {"display_name": "Java (jjava)", "language": "java", "name": "java"}
TEXT_WIDTH = 56
EXCERPT_LINES = 12
LIMIT_BYTES = 2_000_000  # of a notebook that is committed


class Failure(Exception):
    """What went wrong with a notebook, in words for its author; the headline is the same in one line."""

    def __init__(self, text: str, headline: str | None = None):
        super().__init__(text)
        self.headline = headline or text.splitlines()[0]


class Interrupted(Exception):
    """The user, or the system, asked this program to stop."""

    def __init__(self, signum: int):
        super().__init__(signal.Signals(signum).name)
        self.status = 128 + signum


@dataclass
class Outcome:
    path: Path
    seconds: float
    failure: Failure | None


def shown(path: Path) -> str:
    """The path as the user would type it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def indent(text: str, mark: str = "    ") -> str:
    return "\n".join(mark + line for line in text.rstrip().splitlines())


class JavaClient(NotebookClient):
    """nbclient with progress, signals that stop it, and no JVM left behind."""

    number, process_group, signum = 0, None, None

    def runs(self, cell) -> bool:
        tags = cell.metadata.get("tags", [])
        return cell.cell_type == "code" and cell.source.strip() != "" and self.skip_cells_with_tag not in tags

    async def async_start_new_kernel(self, **kwargs):
        # Here, because nbclient has just installed handlers of its own, which do not say who stopped it.
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(signum, self.stop, signum)
        await super().async_start_new_kernel(**kwargs)
        self.process_group = self.km.provisioner.pgid
        if self.signum:
            self.kill()

    async def async_execute_cell(self, cell, cell_index, **kwargs):
        if not self.runs(cell):
            return await super().async_execute_cell(cell, cell_index, **kwargs)
        self.number += 1
        total = sum(self.runs(c) for c in self.nb.cells)
        first = cell.source.strip().splitlines()[0].strip()
        if len(first) > TEXT_WIDTH or "\n" in cell.source.strip():
            first = first[: TEXT_WIDTH - 1] + "…"
        label = f"[{self.number:{len(str(total))}}/{total}] {first:{TEXT_WIDTH}}"
        print(label, end="", flush=True)
        start = time.monotonic()
        clock = asyncio.ensure_future(self.tick(label, start)) if sys.stdout.isatty() else None
        try:
            return await super().async_execute_cell(cell, cell_index, **kwargs)
        except CellTimeoutError:
            self.kill()  # a loop in the kernel does not hear a polite request
            raise
        finally:
            if clock:
                clock.cancel()
            print(f"{chr(13) + label if clock else ''}{time.monotonic() - start:8.1f} s", flush=True)

    @staticmethod
    async def tick(label, start):
        while True:
            await asyncio.sleep(1)
            print(f"\r{label}{time.monotonic() - start:6.0f}   s", end="", flush=True)

    def stop(self, signum):
        self.signum = signum
        self.kill()

    def kill(self):
        """Kills the launcher and the kernel, whichever of the two is still alive."""
        if self.process_group:
            try:
                os.killpg(self.process_group, signal.SIGKILL)
            except ProcessLookupError:
                pass


def read(path: Path):
    try:
        nb = nbformat.read(path, as_version=4)
        nbformat.validate(nb)
    except OSError as e:
        raise Failure(f"Cannot read it: {e.strerror}.") from None
    except Exception as e:  # nbformat raises all kinds on broken input
        reason = str(getattr(e, "message", e)).strip().splitlines() or [type(e).__name__]
        raise Failure(f"It is not a Jupyter notebook: {reason[0][:200]}") from None
    language = nb.metadata.get("kernelspec", {}).get("language", "java")
    if language.lower() != "java":
        raise Failure(f'It is a notebook for the language "{language}"; this runs Java notebooks.')
    return nb


def merge_streams(outputs):
    """Joins neighbouring prints: one output each would make the file long and its text depend on timing.

    Not left to nbclient, whose merging moves text across tables and breaks later updates of a display.
    """
    merged = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output.output_type == "stream" and output.name == last.get("name"):
            last.text += output.text
        else:
            merged.append(output)
    for output in merged:
        if output.output_type == "stream":
            output.text = re.sub(r"^[^\n]*\r(?!\n)", "", output.text, flags=re.MULTILINE)
    return merged


def tidy(nb):
    """Takes out what differs from run to run and machine to machine, so that a committed notebook changes little."""
    info = nb.metadata.get("language_info", {})
    nb.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {k: info[k] for k in sorted(info) if k != "version"}})
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("tags", "jupyter")})
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)


def write(nb, path: Path):
    """Replaces the file in one step: an interrupted write leaves the old one."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(nbformat.writes(nb).rstrip("\n") + "\n", encoding="utf-8")
        os.replace(temporary, path)
    except OSError as e:
        raise Failure(f"Cannot write {shown(path)}: {e.strerror}.") from None


def too_large(path: Path):
    """Fails if the file is too large to be committed."""
    size = path.stat().st_size
    if size > LIMIT_BYTES:
        raise Failure(f"With its outputs it has {size / 1e6:.1f} MB; a committed notebook may have {LIMIT_BYTES / 1e6:.0f}. "
                      f"Show less, or smaller charts; see {shown(path)}.",
                      f"{size / 1e6:.1f} MB, more than the {LIMIT_BYTES / 1e6:.0f} MB of a committed notebook")


def text_of(outputs) -> str:
    parts = []
    for output in outputs:
        if output.output_type == "stream" and output.name == "stdout":
            parts.append(output.text)
        elif output.output_type in ("display_data", "execute_result"):
            parts.append(output.data.get("text/plain", ""))
    return "\n".join(part.rstrip("\n") for part in parts if part.strip())


def result(nb) -> str:
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    tagged = [cell for cell in cells if "result" in cell.metadata.get("tags", [])]
    if tagged:
        return text_of(tagged[-1].outputs)
    return next((text for cell in reversed(cells) for o in reversed(cell.outputs) if (text := text_of([o]))), "")


def exception_of(cell, error: CellExecutionError) -> str:
    """The user's exception and its causes, without the stack; for a compilation error the line and a caret."""
    traceback = [line for o in cell.outputs if o.output_type == "error" for part in o.traceback for line in part.split("\n")]
    lines = []
    for line in traceback:
        plain = ANSI.sub("", line).rstrip()
        if not plain or re.match(r"(\|   )?\s+(at |\.\.\. \d+ more)", plain):
            continue
        lines.append(plain)
        if MARKED in line:
            before, _, after = line.partition(MARKED)
            width = len(ANSI.sub("", after.partition("\x1b[0m")[0]))
            lines.append(" " * len(ANSI.sub("", before)) + "^" * max(1, width))
    return "\n".join(lines) or f"{error.ename}: {error.evalue}"


def excerpt(source: str) -> str:
    lines = source.strip().splitlines()
    more = len(lines) - EXCERPT_LINES
    return "\n".join(lines[:EXCERPT_LINES] + ([f"… ({more} more lines)"] if more > 0 else []))


def printed_by(cell) -> str:
    text = "".join(o.text for o in cell.outputs if o.output_type == "stream").rstrip()
    return "Printed before:\n" + indent("\n".join(text.splitlines()[-10:])) + "\n" if text else ""


def execute(nb, path: Path, timeout: int, log_file):
    client = JavaClient(nb, kernel_name="java", timeout=timeout or None, startup_timeout=120, record_timing=False,
                        resources={"metadata": {"path": str(path.parent)}})

    def here() -> str:
        if not client.number:
            return "Before the first cell.\n"
        cell = [c for c in nb.cells if client.runs(c)][client.number - 1]
        return f"Code cell {client.number}:\n{indent(excerpt(cell.source))}\n{printed_by(cell)}"

    def said() -> str:
        log_file.flush()
        lines = Path(log_file.name).read_text(errors="replace").splitlines()
        lines = [line for line in lines if not line.startswith("[I ")][-15:]
        return "\nThe kernel's last words:\n" + indent("\n".join(lines)) if lines else ""

    try:
        client.execute(stdout=log_file, stderr=log_file)
    except CellExecutionError as e:
        cell = [c for c in nb.cells if client.runs(c)][client.number - 1]
        exception = exception_of(cell, e)
        raise Failure(f"{here()}threw:\n{indent(exception)}",
                      f"code cell {client.number}: {exception.splitlines()[0]}") from None
    except CellTimeoutError:
        raise Failure(f"{here()}ran longer than {timeout} s and was stopped (--timeout SECONDS sets another limit).",
                      f"code cell {client.number} ran longer than {timeout} s") from None
    except NoSuchKernel:
        raise Failure("The Java kernel is not installed here; ./run installs it in .venv.") from None
    except (DeadKernelError, RuntimeError) as e:
        if client.signum:
            raise Interrupted(client.signum) from None
        if not isinstance(e, DeadKernelError):
            raise Failure(f"The kernel did not start: {e}{said()}") from None
        raise Failure(f"{here()}The kernel died: it was killed, ran out of memory, or crashed in native code.{said()}",
                      f"the kernel died in code cell {client.number}") from None
    finally:
        atexit.unregister(client._cleanup_kernel)  # nbclient leaves it registered when the kernel did not start
        client.kill()


def files_written(folder: Path, since: float) -> list[str]:
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and f.stat().st_mtime >= since]
    return [f"{shown(f)}  ({f.stat().st_size / 1024:,.0f} KiB)" for f in files]


def run(path: Path, timeout: int, save: bool = False, show_result: bool = False) -> Outcome:
    """Runs one notebook in its own folder, as JupyterLab does, and writes the executed copy."""
    print(f"{shown(path)}", flush=True)
    start, clock = time.time(), time.monotonic()
    failure, copy = None, COPIES / path.name
    try:
        nb = read(path)
        try:
            with tempfile.NamedTemporaryFile(prefix="kernel-", suffix=".log") as log_file:
                execute(nb, path, timeout, log_file)
        finally:
            tidy(nb)
            write(nb, copy)
        if save:
            too_large(copy)
            write(nb, path)
    except Failure as e:
        failure = e
    seconds = time.monotonic() - clock
    print(f"{'FAILED' if failure else 'passed'} {shown(path)} in {seconds:.1f} s", flush=True)
    if failure:
        print(indent(str(failure), "  "), flush=True)
    elif show_result:
        print(f"\n{result(nb) or '(no cell had a result to print)'}\n")
        written = files_written(path.parent / "out", start)
        if written:
            print("Files written:\n" + indent("\n".join(written[:20]), "  "))
        print(f"With its outputs: {shown(path if save else copy)}")
        print("To open the notebooks: ./run --lab", flush=True)
    return Outcome(path, seconds, failure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--timeout", type=int, default=1200, help="seconds a cell may take; 0: any")
    parser.add_argument("--save", action="store_true", help="write the outputs into the notebook itself")
    parser.add_argument("--result", action="store_true", help="print the result cell and the files written")
    parser.add_argument("notebooks", nargs="+", type=Path)
    args = parser.parse_args()
    outcomes = [run(p.absolute(), args.timeout, args.save, args.result) for p in args.notebooks]
    return 1 if any(o.failure for o in outcomes) else 0


def guarded(program) -> int:
    """Runs the program; turns an interruption into its exit status instead of a stack trace."""
    sys.stdout.reconfigure(errors="replace")
    logging.disable(logging.CRITICAL)  # nbclient logs what is reported here in better words
    try:
        return program()
    except Interrupted as e:
        print(f"\nStopped by {e}.", file=sys.stderr)
        return e.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(guarded(main))
