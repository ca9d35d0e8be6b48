"""The second half of ./test: runs the tests of these scripts and every notebook, whose outputs it compares with the stored
ones; counts them together with Maven's reports, says what failed."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import notebook
import outputs

REPORTS = notebook.ROOT / "target" / "surefire-reports"
TIMEOUT_S = 1200
SPARK_NOTEBOOK, NEWEST_JAVA_OF_SPARK = "06-spark.ipynb", 23
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def java_tests():
    """What Surefire's reports hold: (passed, [failed …], [skipped …]), a line a test."""
    passed, failed, skipped = 0, [], []
    for file in sorted(REPORTS.glob("TEST-*.xml")):
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            bad = next((case.find(tag) for tag in ("failure", "error") if case.find(tag) is not None), None)
            left_out = case.find("skipped")
            if bad is not None:
                failed.append(f"{name}: {first_line(bad)}")
            elif left_out is not None:
                skipped.append(f"{name}: {first_line(left_out)}")
            else:
                passed += 1
    return passed, failed, skipped


def first_line(element) -> str:
    return (element.get("message") or element.text or "").strip().partition("\n")[0][:160]


def script_tests():
    """The tests beside this file: (passed, [failed …])."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.discover(os.path.dirname(__file__), "*_test.py").run(result)
    failed = [f"scripts, {test}: {trace.strip().splitlines()[-1]}" for test, trace in result.failures + result.errors]
    return result.testsRun - len(failed), failed


def browser_tests():
    """What scripts/browser.py says: (passed, [failed …], [skipped …])."""
    if not any(map(shutil.which, BROWSERS)):
        return 0, [], [f"scripts/browser.py: there is no browser ({', '.join(BROWSERS)})"]
    print("\nNotebooks in a browser", flush=True)
    return program_tests("browser.py")


def program_tests(script):
    """What a script says in lines that begin with passed, FAILED or skipped: (passed, [failed …], [skipped …])."""
    program = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), script)],
                               stdout=subprocess.PIPE, text=True)
    passed, failed, skipped = 0, [], []
    for line in program.stdout:
        print(line, end="", flush=True)
        passed += line.startswith("passed ")
        failed += [line.strip().removeprefix("FAILED ")] if line.startswith("FAILED ") else []
        skipped += [line.strip().removeprefix("skipped ")] if line.startswith("skipped ") else []
    if program.wait() and not failed:
        failed.append(f"scripts/{script} ended with {program.returncode}")
    return passed, failed, skipped


def fuzz_tests():
    """A minute of fuzzing for each reader: (passed, [failed …]). An input that fails is kept among the test's inputs."""
    print("\nFuzzing, a minute a reader", flush=True)
    passed, failed = 0, []
    for file in sorted((notebook.ROOT / "src/test/java").rglob("*_fuzz_Test.java")):
        maven = subprocess.run(["mvn", "-B", "-ntp", "-Dstyle.color=never", "surefire:test", f"-Dtest={file.stem}"],
                               cwd=notebook.ROOT, env={**os.environ, "JAZZER_FUZZ": "1"}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        problem = fuzz_problem(maven.returncode, maven.stdout, new_inputs(file))
        runs = re.search(r"Done (\d+) runs", maven.stdout)
        tried = f", {int(runs[1]):,} inputs tried" if runs else ""
        print(f"{'FAILED' if problem else 'passed'} {file.stem}{tried}", flush=True)
        passed += problem is None
        failed += [f"{file.stem}: {problem}"] if problem else []
    return passed, failed


def new_inputs(test):
    """The inputs of a fuzz test that the fuzzer has named, which nobody has given a better name yet."""
    folder = str(test.with_suffix("")).replace(os.path.join("src", "test", "java"), os.path.join("src", "test", "resources"))
    return sorted(str(path.relative_to(notebook.ROOT)) for path in Path(folder + "Inputs").rglob("*")
                  if path.name.startswith(("crash-", "timeout-", "oom-")))


def fuzz_problem(status, output, inputs):
    """What to say of a fuzz test; None where it passed."""
    if inputs:
        return f"fails on {inputs[0]}"
    if status == 0:
        return None
    said = [line for line in output.splitlines() if "ERROR" in line] or output.splitlines() or ["Maven said nothing"]
    return said[0][:160]


def java_version() -> int:
    release = Path(os.environ["JAVA_HOME"], "release").read_text()
    return int(re.search(r'JAVA_VERSION="(\d+)', release)[1])


def run(path):
    """Runs a notebook and compares what it shows with what is stored in it."""
    outcome = notebook.run(path, TIMEOUT_S)
    if outcome.failure is None:
        try:
            notebook.too_large(path)
            fresh = notebook.read(notebook.COPIES / path.name)
            found = outputs.differences(notebook.read(path), fresh, "QALIBRE_QUICK" in os.environ)
            if found:
                raise notebook.Failure("Its stored outputs are not those of this run; if these are right, store them with\n"
                                       f"./run --save {notebook.shown(path)}\n" + "\n".join(found), found[0])
        except notebook.Failure as e:
            print(f"FAILED {notebook.shown(path)}\n{notebook.indent(str(e), '  ')}", flush=True)
            outcome.failure = e
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--built", choices=["yes", "no"], required=True, help="did Maven end well")
    parser.add_argument("--installed", choices=["yes", "no"], required=True, help="is there a library for the notebooks")
    args = parser.parse_args()

    passed, failed, skipped = java_tests()
    if args.built == "no" and not failed:
        failed.append("Maven: it ended with an error although no test failed; see target/test.log")
    elif passed + len(failed) == 0:
        failed.append("Maven: it ran no test")

    right, wrong = script_tests()
    passed, failed = passed + right, failed + wrong

    outcomes = []
    paths = sorted((notebook.ROOT / "notebooks").glob("*.ipynb"))
    print(f"\nNotebooks: {len(paths)}", flush=True)
    if args.installed == "yes":
        newer = java_version() > NEWEST_JAVA_OF_SPARK
        unfit = [path for path in paths if newer and path.name == SPARK_NOTEBOOK]
        skipped += [f"{notebook.shown(path)}: Spark 4.0 runs on Java 17 to {NEWEST_JAVA_OF_SPARK}" for path in unfit]
        outcomes = [run(path) for path in paths if path not in unfit]
    else:
        skipped += [f"{notebook.shown(path)}: the library could not be built" for path in paths]
    passed += sum(o.failure is None for o in outcomes)
    failed += [f"{notebook.shown(o.path)}: {o.failure.headline}" for o in outcomes if o.failure]

    if "QALIBRE_FULL" in os.environ and (notebook.ROOT / "target" / "test-classes").is_dir():
        right, wrong = fuzz_tests()
        passed, failed = passed + right, failed + wrong

    if args.installed == "yes" and "QALIBRE_FULL" in os.environ:
        for right, wrong, left_out in (program_tests("other_kernels.py"), browser_tests()):
            passed, failed, skipped = passed + right, failed + wrong, skipped + left_out

    print()
    for line in skipped:
        print(f"skipped  {line}")
    for line in failed:
        print(f"FAILED   {line}")
    print(f"{passed} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(notebook.guarded(main))
