"""Compares the outputs stored in a notebook with those of a fresh run.

Compared in every run:
  - the cells, and that none threw;
  - what each cell shows, in order: printed text, texts, tables, pictures;
  - tables: title, header, and names of rows; numbers in titles, and rows named by numbers, may differ in a quick run;
  - pictures: title, names of lines, and size, within a fifth;
  - printed text: its lines, numbers aside;
  - of cells tagged `exact`, whose outputs no arithmetic of floats decides, every letter.
Compared in a full run only, since a quick one does less: figures with a standard error, that is `a ± b` in a text, and in
a table the column before one named `± …` or `standard error`. They may differ by three standard errors, the larger of
the two. Runs see the same pictures and are mostly wrong about the same ones, so that the error of their difference is
about that of one of them. A quick run of a notebook that never asks for QALIBRE_QUICK does all, and its figures are
compared as well, with two points more for what training makes of another processor's arithmetic.
Never compared: times, other numbers, PNG bytes, standard error, outputs that are empty once a cell has ended.

Tags of cells: `exact` as said; `rows-vary` where the rows of a table depend on what was measured, which are then left out.
"""

import base64
import re
import struct
from dataclasses import dataclass

ERRORS = 3
OTHER_MACHINE = 2.0  # points that a training may end elsewhere on another machine
SIZE_RATIO = 1.2
NUMBER = re.compile(r"[-−+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
FIGURE = re.compile(r"(-?\d+(?:\.\d+)?) ?%? ± (\d+(?:\.\d+)?)")
RULE = re.compile(r"─+(?:  +─+)*")


@dataclass(frozen=True)
class Table:
    """A table as text: a title, names of columns, a line of dashes, rows."""

    title: str
    header: list[str]
    rows: list[list[str]]

    @staticmethod
    def of(text: str):
        """The table that the text is, or None."""
        lines = text.rstrip().splitlines()
        at = next((i for i, line in enumerate(lines) if RULE.fullmatch(line.strip())), 0)
        if at == 0:
            return None
        spans = [match.span() for match in re.finditer("─+", lines[at])]

        def cells(line):
            return [line[start:end].strip() for start, end in spans]

        return Table(" ".join(lines[: at - 1]), cells(lines[at - 1]), [cells(line) for line in lines[at + 1:]])

    def names(self) -> list[str]:
        return [row[0] for row in self.rows]

    def figures(self):
        """(row, column) → (value, standard error), wherever both are numbers."""
        found = {}
        for row in self.rows:
            for i in range(1, len(self.header)):
                value, error = number(row[i - 1]), number(row[i])
                if is_error(self.header[i]) and value is not None and error is not None:
                    found[row[0], self.header[i - 1]] = value, error
        return found


def is_error(column: str) -> bool:
    return column.startswith("±") or column == "standard error"


def number(text: str):
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def masked(text: str) -> str:
    """The text without its numbers, and without the blanks that align them."""
    return " ".join(NUMBER.sub("#", text).split())


def text_of(output) -> str:
    return output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")


def kind(output) -> str:
    if output.output_type in ("stream", "error"):
        return "printed text" if output.output_type == "stream" else "an exception"
    if "image/png" in output.data:
        return "a picture"
    return "a table" if Table.of(text_of(output)) else "a text"


def visible(cell):
    """The outputs that say something: progress that has ended leaves empty ones behind."""

    def says(output):
        if output.output_type == "stream":
            return output.name == "stdout" and output.text.strip()
        return output.output_type == "error" or any(output.data.values())

    return [output for output in cell.outputs if says(output)]


def quoted(items) -> str:
    return ", ".join(f"`{item}`" for item in items) or "none"


def changed(what: str, old, new) -> list[str]:
    """One sentence if the two differ; of lists it says what went and what came."""
    if old == new:
        return []
    if not isinstance(old, list):
        return [f"{what}: stored {old}, now {new}"]
    gone, come = [x for x in old if x not in new], [x for x in new if x not in old]
    if not gone and not come:
        return [f"{what}: stored {quoted(old)}, now {quoted(new)}"]
    return [f"{what}: gone {quoted(gone)}, new {quoted(come)}"]


def out_of_bounds(name: str, old, new, slack: float) -> list[str]:
    """A sentence if two pairs of value and standard error differ by more than chance."""
    bound = ERRORS * max(old[1], new[1]) + slack
    if abs(old[0] - new[0]) <= bound + 1e-9:
        return []
    return [f"{name}: stored {old[0]:g} ± {old[1]:g}, now {new[0]:g} ± {new[1]:g}, more than {bound:.2g} apart"]


class Comparison:
    """How strictly two runs are compared: quick if the fresh one was; slack says how far figures may differ beyond chance,
    or is None where they are not compared.
    """

    def __init__(self, quick: bool, slack: float | None):
        self.quick, self.slack = quick, slack

    @staticmethod
    def of(stored, quick: bool):
        does_less = any("QALIBRE_QUICK" in cell.source for cell in stored.cells)
        return Comparison(quick, None if quick and does_less else OTHER_MACHINE if quick else 0.0)

    def cell(self, old, new) -> list[str]:
        tags = old.metadata.get("tags", [])
        threw = [o for o in new.outputs if o.output_type == "error"]
        if threw and "raises-exception" not in tags:
            return [f"it threw {threw[0].ename}: {threw[0].evalue}"]
        before, after = visible(old), visible(new)
        kinds = [kind(o) for o in before], [kind(o) for o in after]
        if kinds[0] != kinds[1]:
            return ["it showed {}, and now {}".format(*(", ".join(shown) or "nothing" for shown in kinds))]
        found = []
        for what, a, b in zip(kinds[0], before, after):
            if "exact" in tags and text_of(a) != text_of(b):
                found += [f"{what} is tagged `exact`: {first_difference(text_of(a), text_of(b))}"]
            elif what == "a table":
                found += self.table(Table.of(text_of(a)), Table.of(text_of(b)), "rows-vary" in tags)
            elif what == "a picture":
                found += picture(a, b)
            else:
                found += changed(f"{what}, lines", lines(text_of(a)), lines(text_of(b)))
                found += self.figures(text_of(a), text_of(b)) if what == "a text" else []
        return found

    def figures(self, old: str, new: str) -> list[str]:
        if self.slack is None:
            return []
        pairs = [[(float(value), float(error)) for value, error in FIGURE.findall(text)] for text in (old, new)]
        return [line for a, b in zip(*pairs) for line in out_of_bounds("figure", a, b, self.slack)]

    def title(self, text: str) -> str:
        return masked(text) if self.quick else text

    def names(self, names: list[str]) -> list[str]:
        if self.quick:
            names = [masked(name) if name.startswith("…") else name for name in names]
            return [name for name in names if number(name) is None]
        return names

    def table(self, old: Table, new: Table, rows_vary: bool) -> list[str]:
        where = f"table `{old.title}`"
        found = changed(f"{where}, title", self.title(old.title), self.title(new.title))
        found += changed(f"{where}, columns", old.header, new.header)
        if rows_vary or found:
            return found
        found = changed(f"{where}, rows", self.names(old.names()), self.names(new.names()))
        if found or self.slack is None:
            return found
        after = new.figures()
        for (row, column), figure in old.figures().items():
            name = f"{where}, {column} of `{row}`"
            if (row, column) in after:
                found += out_of_bounds(name, figure, after[row, column], self.slack)
            else:
                found += [f"{name}: stored {figure[0]:g}, now no number with a standard error"]
        return found


def picture(old, new) -> list[str]:
    titles = [masked(text_of(x).partition("\n")[0]) for x in (old, new)]
    where = f"picture `{titles[0]}`"
    found = changed(f"{where}, title", *titles)
    found += changed(f"{where}, what is drawn", *(drawn(text_of(x)) for x in (old, new)))
    sizes = [size(x.data["image/png"]) for x in (old, new)]
    if any(max(a, b) > SIZE_RATIO * min(a, b) for a, b in zip(*sizes)):
        found += [f"{where}, size: stored {sizes[0][0]}×{sizes[0][1]}, now {sizes[1][0]}×{sizes[1][1]} pixels"]
    return found


def lines(text: str) -> list[str]:
    """The lines of a text without their numbers, each once: a longer run prints more of the same."""
    return list(dict.fromkeys(masked(line) for line in text.splitlines()))


def drawn(text: str) -> list[str]:
    """What stands before a colon in the text beside a chart: the names of what it draws."""
    return sorted({masked(line.partition(":")[0]) for line in text.splitlines()[1:] if ":" in line})


def size(png: str) -> tuple[int, int]:
    """Width and height, which a PNG has in its first 24 bytes."""
    return struct.unpack(">II", base64.b64decode(png[:32])[16:24])


def first_difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    for a, b in zip(before, after):
        if a != b:
            return f"stored `{a.strip()}`, now `{b.strip()}`"
    return f"stored {len(before)} lines, now {len(after)}"


def differences(stored, fresh, quick: bool) -> list[str]:
    """What a fresh run shows otherwise than the stored outputs, a sentence each.

    stored, fresh: notebooks as nbformat reads them. quick: QALIBRE_QUICK was set for the fresh run.
    """
    cells = [[(c.cell_type, c.source) for c in nb.cells] for nb in (stored, fresh)]
    if cells[0] != cells[1]:
        return [f"the stored notebook has other cells ({len(cells[0])}) than the one that ran ({len(cells[1])})"]
    code = [(a, b) for a, b in zip(stored.cells, fresh.cells) if a.cell_type == "code"]
    if not any(a.outputs for a, _ in code):
        return ["no outputs are stored; ./run --refresh writes them"]
    comparison, found = Comparison.of(stored, quick), []
    for i, (a, b) in enumerate(code, 1):
        found += [f"code cell {i}: {line}" for line in comparison.cell(a, b)]
    return found
