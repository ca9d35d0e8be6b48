"""Tests of tests.py."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import notebook
import tests


class Fuzzing(unittest.TestCase):
    def test_an_input_that_fails_is_named(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(notebook, "ROOT", Path(folder)):
            test = Path(folder) / "src/test/java/io/Reader_fuzz_Test.java"
            inputs = Path(folder) / "src/test/resources/io/Reader_fuzz_TestInputs/read"
            inputs.mkdir(parents=True)
            (inputs / "valid").touch()
            self.assertEqual(tests.new_inputs(test), [])
            (inputs / "crash-1").touch()
            found = tests.new_inputs(test)
            self.assertEqual(found, ["src/test/resources/io/Reader_fuzz_TestInputs/read/crash-1"])
            self.assertIn("crash-1", tests.fuzz_problem(1, "", found))

    def test_what_maven_says_is_told(self):
        self.assertIsNone(tests.fuzz_problem(0, "[INFO] BUILD SUCCESS", []))
        self.assertEqual(tests.fuzz_problem(1, "[INFO] a\n[ERROR] no test", []), "[ERROR] no test")

    def test_there_is_a_fuzz_test_for_each_reader(self):
        found = {path.stem for path in (notebook.ROOT / "src/test/java").rglob("*_fuzz_Test.java")}
        self.assertLessEqual({"OnnxReader_fuzz_Test", "RuntimeConfig_fuzz_Test", "EncodingsReader_fuzz_Test",
                              "Idx_fuzz_Test", "DecodedImage_fuzz_Test"}, found)
