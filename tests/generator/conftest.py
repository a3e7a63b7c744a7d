"""What several tests of the generator start from."""

import shutil
from pathlib import Path

import pytest

from .commands import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the generator needs and makes, for tests that change it."""
    for name in ("scripts", "generated", "mock"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("openapi.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path
