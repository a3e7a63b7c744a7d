"""The guide as a whole, and its examples that are tests themselves."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import EXAMPLES, GUIDE


def test_every_example_is_run() -> None:
    assert len(EXAMPLES) == GUIDE.read_text().count("```python\n"), "an example has no file name, or one that is taken"
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    run = set(re.findall(r'"(\w+\.py)"', tests))
    imported = {
        f"{name}.py" for text in EXAMPLES.values() for name in re.findall(r"^from (\w+) import", text, re.MULTILINE)
    }
    assert {name for name in EXAMPLES if not name.startswith("test_")} <= run | imported


def test_the_tests_of_the_guide_pass(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # all that a contributor has takes ten seconds to load
    names = [name for name in EXAMPLES if name.startswith("test_")]
    options = ["-q", "-p", "sms_scheduler", "-p", "no:cacheprovider", "-W", "error", "--rootdir", "."]
    command = [sys.executable, "-m", "pytest", *options, *names]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)
    count = sum(EXAMPLES[name].count("def test_") for name in names)
    assert done.stdout.splitlines()[-1].startswith(f"{count} passed"), done.stdout
