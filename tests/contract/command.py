"""Runs scripts/contract as a tester does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, str(ROOT / "scripts" / "contract.py")]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "contract"), "COLUMNS": "200"}


def contract(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; nobody is there to be asked."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=180, env=ENVIRONMENT, stdin=subprocess.DEVNULL
    )
