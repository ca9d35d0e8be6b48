"""Tests of notebook.py, and of what every notebook must have."""

import tempfile
import unittest
from pathlib import Path

import notebook

NOTEBOOKS = sorted((notebook.ROOT / "notebooks").glob("*.ipynb"))


class Notebooks(unittest.TestCase):
    def test_each_says_in_its_first_cell_what_it_is_for(self):
        self.assertTrue(NOTEBOOKS)
        for path in NOTEBOOKS:
            first = notebook.read(path).cells[0]
            self.assertEqual(first.cell_type, "markdown", path.name)
            self.assertRegex(first.source, r"^# .+\n\n.+", path.name)

    def test_each_is_in_the_index(self):
        index = (notebook.ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
        for path in NOTEBOOKS:
            self.assertIn(f"]({path.name})", index)


class TooLarge(unittest.TestCase):
    def test_a_notebook_above_the_limit_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "large.ipynb"
            file.write_bytes(b" " * notebook.LIMIT_BYTES)
            notebook.too_large(file)
            file.write_bytes(b" " * (notebook.LIMIT_BYTES + 100_000))
            with self.assertRaisesRegex(notebook.Failure, "2.1 MB"):
                notebook.too_large(file)


if __name__ == "__main__":
    unittest.main()
