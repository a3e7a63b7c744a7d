"""Runs scripts/contract as a tester does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-P", "-m", "sms_scheduler_contract"]
ENVIRONMENT = {**os.environ, "COLUMNS": "200"}


def contract(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; nobody is there to be asked."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=180, env=ENVIRONMENT, stdin=subprocess.DEVNULL
    )
