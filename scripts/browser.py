"""Opens every notebook in JupyterLab in a real browser, runs all of its cells and looks at what is to be seen.

  - no output is an exception, and there are at least as many pictures and tables as in the stored outputs;
  - while a training runs its plot changes; ■ ends it, and the next cell has what it had reached;
  - screenshots stay in target/browser/.

Needs Playwright for Python (scripts/browser-requirements.txt) and a Chromium of the system.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import sync_playwright

import notebook
from tests import BROWSERS

FOLDER = notebook.ROOT / "target" / "browser"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
WIDTH, TALLEST = 1300, 16000
RUN_S, START_S = 1800, 120
TRAINING = """
var data = Datasets.fashionMnist();
var q = Qalibre.of(MnistNet.graph(1)).simulate(QuantConfig.int8()).computeEncodings(data.calibration(100));
var tuned = q.train(data.training(), Qat.epochs(50).validate(data.validation().first(500)));
"""
INTERRUPTED = "Evaluation interrupted"  # what the kernel says in a cell that was stopped


@contextlib.contextmanager
def jupyterlab():
    """JupyterLab on a copy of the notebooks; gives its address."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(notebook.ROOT / "notebooks", FOLDER / "notebooks", ignore=shutil.ignore_patterns("out", ".*"))
    cells = [new_code_cell("%maven io.qalibre:qalibre:0.1.0-SNAPSHOT"), new_code_cell(TRAINING.strip()),
             new_code_cell("tuned.history()")]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": notebook.KERNEL}), FOLDER / "notebooks/live.ipynb")
    settings = FOLDER / "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')  # else cells out of sight are not in the page
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    with open(FOLDER / "jupyterlab.log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
             f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={FOLDER / 'notebooks'}",
             "--LabApp.expose_app_in_browser=True"],
            env={**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(FOLDER / "settings"), "QALIBRE_QUICK": "1"},
            stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(START_S):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}")
                break
            time.sleep(1)
        yield lambda name: f"http://127.0.0.1:{port}/lab/tree/{name}?token={token}&reset"
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()


class Lab:
    """A notebook open in the browser."""

    def __init__(self, page, address):
        self.page = page
        page.goto(address)
        # What is to be run waits for the kernel by itself.
        page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel",
                               timeout=1000 * START_S)

    def command(self, name):
        self.page.evaluate("name => { window.done = false; window.jupyterapp.commands.execute(name)"
                           ".finally(() => { window.done = true; }); }", name)

    def wait(self, seconds):
        self.page.wait_for_function("window.done", timeout=1000 * seconds)

    def count(self, selector) -> int:
        return self.page.locator(f".jp-Notebook {selector}").count()

    def errors(self) -> list[str]:
        return self.page.locator('.jp-Notebook [data-mime-type="application/vnd.jupyter.error"]').all_inner_texts()

    def shot(self, name):
        height = self.page.evaluate("document.querySelector('.jp-Notebook .jp-WindowedPanel-viewport')?.scrollHeight"
                                    " ?? document.querySelector('.jp-Notebook').scrollHeight")
        self.page.set_viewport_size({"width": WIDTH, "height": min(TALLEST, 200 + int(height))})
        self.page.evaluate("document.querySelectorAll('.jp-WindowedPanel-outer').forEach(panel => { panel.scrollTop = 0; })")
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=FOLDER / f"{name}.png")
        self.page.set_viewport_size({"width": WIDTH, "height": 1000})

    def close(self):
        self.command("kernelmenu:shutdown")
        self.page.close()


def stored(path: Path):
    """How many pictures and tables a notebook's stored outputs show."""
    data = [o.data for c in notebook.read(path).cells for o in c.get("outputs", []) if "data" in o]
    return sum("image/png" in d for d in data), sum("<table" in d.get("text/html", "") for d in data)


def open_and_run(browser, address, path) -> list[str]:
    """What is wrong with a notebook that was run from the browser."""
    lab = Lab(browser.new_page(viewport={"width": WIDTH, "height": 1000}), address(path.name))
    lab.command("notebook:run-all-cells")
    lab.wait(RUN_S)
    lab.shot(path.stem)
    wrong = [f"an exception: {text.strip().splitlines()[0]}" for text in lab.errors()]
    for what, selector, least in zip(("pictures", "tables"), (".jp-OutputArea-output img", ".jp-OutputArea-output table"),
                                     stored(path)):
        seen = lab.count(selector)
        if seen < least:
            wrong.append(f"{seen} {what}, fewer than the {least} stored")
    lab.close()
    return wrong


def live_plot_and_interrupt(browser, address) -> list[str]:
    """What is wrong with the plot of a training while it runs, and with stopping it."""
    lab = Lab(browser.new_page(viewport={"width": WIDTH, "height": 1000}), address("live.ipynb"))
    lab.command("notebook:run-all-cells")
    picture = lab.page.locator(".jp-Notebook .jp-OutputArea-output img").first
    picture.wait_for(timeout=1000 * START_S)
    seen = set()
    for _ in range(60):
        seen.add(picture.get_attribute("src"))
        if len(seen) >= 3:
            break
        lab.page.wait_for_timeout(500)
    lab.shot("live")
    wrong = [] if len(seen) >= 3 else [f"{len(seen)} states of the plot in 30 s"]
    lab.page.evaluate("window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    try:
        lab.wait(60)
    except Exception:  # Playwright's own time-out
        wrong.append("the cell still ran a minute after it was interrupted")
    # The kernel ends the cell at once; the training hands over what it has a moment later.
    for _ in range(10):
        lab.page.wait_for_timeout(2000)
        lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2")
        lab.command("notebook:run-cell")
        lab.wait(60)
        if lab.count(".jp-OutputArea-output table") > 0:
            break
    wrong += [f"an exception after the interrupt: {text.strip()}" for text in lab.errors() if INTERRUPTED not in text]
    if lab.count(".jp-OutputArea-output table") == 0:
        wrong.append("the next cell had no history of the interrupted training")
    lab.shot("interrupted")
    lab.close()
    return wrong


def main() -> int:
    names = sys.argv[1:] or sorted(p.name for p in (notebook.ROOT / "notebooks").glob("*.ipynb"))
    bad = 0
    with jupyterlab() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, BROWSERS))), args=OPTIONS)
        tests = {"live plot and interrupt": lambda: live_plot_and_interrupt(browser, address)}
        tests |= {name: lambda name=name: open_and_run(browser, address, notebook.ROOT / "notebooks" / name) for name in names}
        for name, test in tests.items():
            wrong = test()
            print(f"{'FAILED' if wrong else 'passed'} {name} in the browser{': ' + '; '.join(wrong) if wrong else ''}", flush=True)
            bad += bool(wrong)
        browser.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
