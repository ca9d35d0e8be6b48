"""Writes the result table of the quickstart's stored outputs into README.md, between its two marks.

Run it after `./run --save`: .venv/bin/python scripts/readme_results.py
"""

import pathlib
import re
import sys

import nbformat

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "01-quickstart.ipynb"
README = ROOT / "README.md"
MARKS = re.compile(r"(<!-- results:begin -->\n).*?(<!-- results:end -->)", re.DOTALL)


def result_text(notebook):
    """The plain text of the cell that is tagged as the notebook's result."""
    for cell in notebook.cells:
        if "result" in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    return output.data["text/plain"]
    sys.exit(f"{NOTEBOOK.name} has no stored result: run ./run --save first")


def markdown(text):
    """A table of aligned columns, two or more blanks apart below a line of dashes, as Markdown."""
    title, header, rule, *rows = [line for line in text.splitlines() if line.strip()]
    spans = [match.span() for match in re.finditer("─+", rule)]

    def cells(line):
        return [line[start:end].strip() for start, end in spans]

    lines = [title + ":", "", "| " + " | ".join(cells(header)) + " |", "|---" + "|--:" * (len(spans) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(cells(row)) + " |" for row in rows])


def main():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    seed = re.search(r"Qalibre\.seed\((\d+)\)", "\n".join(cell.source for cell in notebook.cells))
    table = markdown(result_text(notebook)) + f"\n\nSeed {seed.group(1)}; differences are paired, with their standard errors.\n"
    text = README.read_text(encoding="utf-8")
    if not MARKS.search(text):
        sys.exit("README.md has lost its marks <!-- results:begin --> and <!-- results:end -->")
    README.write_text(MARKS.sub(lambda m: m.group(1) + table + m.group(2), text), encoding="utf-8")


if __name__ == "__main__":
    main()
