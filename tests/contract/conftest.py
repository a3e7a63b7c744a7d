"""The command as a tester runs it."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def start_contract() -> Callable[..., subprocess.Popen[str]]:
    """Start the command; nobody is there to answer a question."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "sms_scheduler_contract", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200"},
        )

    return start


@pytest.fixture
def run_contract(
    start_contract: Callable[..., subprocess.Popen[str]],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command to its end."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        with start_contract(*arguments) as process:
            output, errors = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    return run
