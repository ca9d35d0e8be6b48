"""Writes figures into README.md, between marks: the result tables of notebooks' stored outputs, and the trained networks
of data/models/models.json.

`./run --refresh` runs it; after `./run --save`: .venv/bin/python scripts/readme_results.py
"""

import json
import pathlib
import re
import sys

import nbformat

from outputs import Table

ROOT = pathlib.Path(__file__).resolve().parent.parent
QUICKSTART = ROOT / "notebooks" / "01-quickstart.ipynb"
PTQ = ROOT / "notebooks" / "03-ptq-step-by-step.ipynb"
COMPANIONS = [ROOT / "notebooks" / name for name in ("04-mobilenet-v2.ipynb", "05-resnet50.ipynb")]
MODELS = ROOT / "data" / "models" / "models.json"
README = ROOT / "README.md"


def result_text(path):
    """The plain text of the cell that is tagged as the notebook's result."""
    for cell in nbformat.read(path, as_version=4).cells:
        if "result" in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    return output.data["text/plain"]
    sys.exit(f"{path.name} has no stored result: run ./run --save first")


def markdown(*paths):
    """The result tables of notebooks, which have the same columns, as one in Markdown."""
    tables = [Table.of(result_text(path)) for path in paths]
    title, header = tables[0].title, tables[0].header
    lines = [title + ":", "", "| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for table in tables for row in table.rows]) + "\n"


def quickstart():
    notebook = nbformat.read(QUICKSTART, as_version=4)
    seed = re.search(r"Qalibre\.seed\((\d+)\)", "\n".join(cell.source for cell in notebook.cells))
    return markdown(QUICKSTART) + f"\nSeed {seed.group(1)}; differences are paired, with their standard errors.\n"


def models():
    lines = ["| network | top-1 % | ± standard error | n | epoch kept | seed | MB |", "|---|--:|--:|--:|--:|--:|--:|"]
    for name, entry in json.loads(MODELS.read_text(encoding="utf-8")).items():
        lines.append(f"| `{name}` | {entry['top1']:.2f} | {entry['standard_error']:.2f} | {entry['n']} | {entry['epoch_kept']}"
                     f" | {entry['seed']} | {entry['bytes'] / 1e6:.1f} |")
    return "\n".join(lines) + "\n"


def replaced(text, mark, content):
    marks = re.compile(rf"(<!-- {mark}:begin -->\n).*?(<!-- {mark}:end -->)", re.DOTALL)
    if not marks.search(text):
        sys.exit(f"README.md has lost its marks <!-- {mark}:begin --> and <!-- {mark}:end -->")
    return marks.sub(lambda m: m.group(1) + content + m.group(2), text)


def main():
    text = README.read_text(encoding="utf-8")
    text = replaced(text, "results", quickstart())
    text = replaced(text, "ptq", markdown(PTQ))
    text = replaced(text, "recovery", markdown(*COMPANIONS))
    text = replaced(text, "models", models())
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
