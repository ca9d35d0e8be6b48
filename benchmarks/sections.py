"""Sections of docs/performance.md, each between two lines that name it."""

import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def put(name: str, heading: str, text: str):
    """Puts a text into the section of that name, in place of what was there; makes the section where there is none."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    document = DOCUMENT.read_text()
    before, found, rest = document.partition(begin)
    after = rest.partition(end)[2]
    if not found:
        before = f"{document.rstrip()}\n\n## {heading}\n\n"
    DOCUMENT.write_text(f"{before}{begin}{text.strip()}\n\n{end}{after}")


if __name__ == "__main__":
    put(sys.argv[1], sys.argv[2], sys.stdin.read())
