"""Tests of outputs.py on the stored outputs of two notebooks, each against a copy that was changed in one place."""

import copy
import re
import unittest

import nbformat

import notebook
import outputs

QUICKSTART = "01-quickstart.ipynb"  # does the same in a quick run
OWN_LOOP = "07-qat-your-own-loop.ipynb"  # does less


def read(name):
    return nbformat.read(notebook.ROOT / "notebooks" / name, as_version=4)


def shown(nb, wanted):
    """The first output of that kind, with its cell."""
    return next((o, c) for c in nb.cells if c.cell_type == "code" for o in outputs.visible(c) if outputs.kind(o) == wanted)


def result(nb):
    return next(o for c in nb.cells if "result" in c.metadata.get("tags", []) for o in outputs.visible(c))


def accuracy_added(text, points):
    """The table of accuracies with the points added to the first column of numbers."""
    head, rule, rows = text.partition(outputs.RULE.search(text).group())
    return head + rule + re.sub(r"^(.*?)(\d+\.\d\d)", lambda m: f"{m[1]}{float(m[2]) + points:.2f}", rows, flags=re.M)


class Differences(unittest.TestCase):
    def setUp(self):
        self.stored = read(QUICKSTART)
        self.fresh = copy.deepcopy(self.stored)

    def found(self, quick=False):
        return outputs.differences(self.stored, self.fresh, quick)

    def assert_found(self, pattern, quick=False):
        found = self.found(quick)
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found[0], pattern)

    def test_the_same_outputs_have_none(self):
        for name in QUICKSTART, OWN_LOOP:
            for quick in True, False:
                self.assertEqual(outputs.differences(read(name), read(name), quick), [])

    def test_a_changed_column_is_found(self):
        output = result(self.fresh)
        output.data["text/plain"] = output.data["text/plain"].replace("top-5 %", "top-3 %")
        self.assert_found("columns: gone `top-5 %`, new `top-3 %`", quick=True)

    def test_a_missing_chart_is_found(self):
        output, cell = shown(self.fresh, "a picture")
        cell.outputs.remove(output)
        self.assert_found("it showed a picture, and now nothing", quick=True)

    def test_a_picture_that_became_text_is_found(self):
        output, _ = shown(self.fresh, "a picture")
        del output.data["image/png"]
        self.assert_found("it showed a picture, and now a text", quick=True)

    def test_five_points_of_accuracy_in_a_table_are_found(self):
        output = result(self.fresh)
        for points in 5, -5:
            output.data["text/plain"] = accuracy_added(result(self.stored).data["text/plain"], points)
            for quick in True, False:
                found = self.found(quick)
                self.assertEqual(len(found), len(outputs.Table.of(output.data["text/plain"]).rows), found)
                self.assertRegex(found[0], r"top-1 % of `FP32`: stored \d.* ± \d.*, now \d.* more than \d")

    def test_five_points_of_accuracy_in_a_text_are_found(self):
        output = next(o for c in self.fresh.cells if c.cell_type == "code" for o in outputs.visible(c)
                      if outputs.text_of(o).startswith("top-1"))
        value = float(outputs.FIGURE.search(output.data["text/plain"])[1])
        output.data["text/plain"] = output.data["text/plain"].replace(f"{value:.2f}", f"{value - 5:.2f}", 1)
        for quick in True, False:
            self.assert_found("figure: stored 9", quick)

    def test_chance_is_no_difference(self):
        output = result(self.fresh)
        output.data["text/plain"] = accuracy_added(output.data["text/plain"], 0.3)
        self.assertEqual(self.found(), [])

    def test_another_machine_is_no_difference_in_a_quick_run(self):
        output = result(self.fresh)
        output.data["text/plain"] = accuracy_added(output.data["text/plain"], 2)
        self.assertEqual(self.found(quick=True), [])
        self.assertNotEqual(self.found(), [])

    def test_a_changed_row_is_found(self):
        output = result(self.fresh)
        output.data["text/plain"] = output.data["text/plain"].replace("QAT W4A8", "QAT W3A8")
        self.assert_found("rows: gone `QAT W4A8`, new `QAT W3A8`", quick=True)

    def test_a_changed_title_is_found(self):
        output = result(self.fresh)
        output.data["text/plain"] = output.data["text/plain"].replace("Accuracy on", "Precision on")
        self.assert_found("title: stored Accuracy on", quick=True)

    def test_another_size_of_a_picture_is_found_and_a_similar_one_is_not(self):
        output, _ = shown(self.fresh, "a picture")
        other = next(o for c in self.fresh.cells if c.cell_type == "code" for o in outputs.visible(c)
                     if outputs.kind(o) == "a picture"
                     and outputs.size(o.data["image/png"])[1] > 2 * outputs.size(output.data["image/png"])[1])
        output.data["image/png"] = other.data["image/png"]
        self.assert_found("size: stored .* pixels", quick=True)

    def test_bytes_of_pictures_and_times_are_not_compared(self):
        for cell in self.fresh.cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if "image/png" in data:
                    data["image/png"] = data["image/png"][:64]
                data["text/plain"] = re.sub(r"\d+\.\d{3}  yes", "99.999  yes", data.get("text/plain", ""))
        self.assertNotEqual(self.stored, self.fresh)
        self.assertEqual(self.found(), [])

    def test_what_is_exact_is_compared_to_the_letter_in_quick_runs_too(self):
        output, cell = next((o, c) for c in self.fresh.cells if "exact" in c.metadata.get("tags", [])
                            for o in outputs.visible(c) if "33,130" in outputs.text_of(o))
        output.data["text/plain"] = output.data["text/plain"].replace("33,130", "33,131")
        self.assert_found("exact.*33,130.*33,131", quick=True)

    def test_an_exception_is_found(self):
        cell = next(c for c in self.fresh.cells if c.cell_type == "code")
        cell.outputs = [nbformat.v4.new_output("error", ename="EvalException", evalue="no such tensor", traceback=[])]
        self.assert_found("code cell 1: it threw EvalException: no such tensor", quick=True)

    def test_another_cell_is_found(self):
        self.fresh.cells[1].source += " "
        self.assert_found("other cells", quick=True)

    def test_a_notebook_without_outputs_is_found(self):
        for cell in self.stored.cells:
            if cell.cell_type == "code":
                cell.outputs = []
        self.assert_found("no outputs are stored", quick=True)

    def test_progress_that_has_ended_is_no_difference(self):
        empty = nbformat.v4.new_output("display_data", {"text/plain": "", "text/html": ""})
        for cell in self.fresh.cells:
            if cell.cell_type == "code":
                cell.outputs = [empty] + [o for o in cell.outputs if o in outputs.visible(cell)]
        self.assertEqual(self.found(), [])


class QuickRuns(unittest.TestCase):
    """A quick run of a notebook that does less then: fewer epochs, fewer pictures, other figures."""

    def setUp(self):
        self.stored = read(OWN_LOOP)
        self.fresh = copy.deepcopy(self.stored)

    def test_other_figures_are_no_difference(self):
        output = result(self.fresh)
        text = accuracy_added(output.data["text/plain"], -5)
        output.data["text/plain"] = text.replace("same 10000 samples", "same 1000 samples")
        self.assertEqual(outputs.differences(self.stored, self.fresh, quick=True), [])
        self.assertNotEqual(outputs.differences(self.stored, self.fresh, quick=False), [])

    def test_less_of_the_same_print_is_no_difference_but_another_line_is(self):
        output, _ = shown(self.fresh, "printed text")
        cell = next(c for c in self.fresh.cells if "step %d" in c.source)
        printed = outputs.visible(cell)[0]
        printed.text = "".join(printed.text.splitlines(keepends=True)[:3])
        self.assertEqual(outputs.differences(self.stored, self.fresh, quick=True), [])
        output.text += "warning\n"
        found = outputs.differences(self.stored, self.fresh, quick=True)
        self.assertEqual(len(found), 1, found)
        self.assertIn("new `warning`", found[0])


class Tables(unittest.TestCase):
    TEXT = "Training\nepoch    loss  kept\n─────  ──────  ────\n    0       –  no\n    1  0.1818  yes\n"

    def test_a_table_is_read(self):
        table = outputs.Table.of(self.TEXT)
        self.assertEqual(table.title, "Training")
        self.assertEqual(table.header, ["epoch", "loss", "kept"])
        self.assertEqual(table.rows, [["0", "–", "no"], ["1", "0.1818", "yes"]])
        self.assertIsNone(outputs.Table.of("top-1 91.16 % ± 0.40"))

    def test_epochs_may_be_fewer_in_a_quick_run(self):
        few = outputs.Table.of(self.TEXT.replace("    1  0.1818  yes\n", ""))
        self.assertEqual(outputs.Comparison(True, None).table(outputs.Table.of(self.TEXT), few, False), [])
        self.assertEqual(outputs.Comparison(False, 0).table(outputs.Table.of(self.TEXT), few, False),
                         ["table `Training`, rows: gone `1`, new none"])

    def test_rows_may_vary_where_the_cell_says_so(self):
        other = outputs.Table.of(self.TEXT.replace("    1  ", "worst  "))
        comparison = outputs.Comparison(True, None)
        self.assertEqual(comparison.table(outputs.Table.of(self.TEXT), other, True), [])
        self.assertNotEqual(comparison.table(outputs.Table.of(self.TEXT), other, False), [])


if __name__ == "__main__":
    unittest.main()
