"""The second half of ./test: runs every notebook, counts them together with Maven's reports, says what failed."""

import argparse
import sys
import xml.etree.ElementTree as ElementTree

import notebook

REPORTS = notebook.ROOT / "target" / "surefire-reports"
TIMEOUT_S = 1200


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

    outcomes = []
    paths = sorted((notebook.ROOT / "notebooks").glob("*.ipynb"))
    print(f"\nNotebooks: {len(paths)}", flush=True)
    if args.installed == "yes":
        outcomes = [notebook.run(path, TIMEOUT_S) for path in paths]
    else:
        skipped += [f"{notebook.shown(path)}: the library could not be built" for path in paths]
    passed += sum(o.failure is None for o in outcomes)
    failed += [f"{notebook.shown(o.path)}: {o.failure.headline}" for o in outcomes if o.failure]

    print()
    for line in skipped:
        print(f"skipped  {line}")
    for line in failed:
        print(f"FAILED   {line}")
    print(f"{passed} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(notebook.guarded(main))
