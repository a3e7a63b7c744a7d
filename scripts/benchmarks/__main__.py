"""Measure client, generator and mock server against their peers: medians of interleaved rounds, given as ratios."""

import argparse
import contextlib
import os
import platform
import sys
import tempfile
from pathlib import Path

from . import campaign, client, generator, mock_server, plot
from .work import Work

PRODUCTS = {
    "client": client.works,
    "generator": generator.works,
    "mock server": mock_server.works,
    "campaign": campaign.works,
}
TABLE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
PICTURE = TABLE.with_suffix(".svg")


def main(arguments: list[str]) -> int:
    """Run the command; the result is the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measure client, generator and mock server against their peers."
    )
    parser.add_argument("--quick", action="store_true", help="a fifth of the rounds, and nothing written")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only the lines whose name has this text; nothing is written"
    )
    parser.add_argument("--product", choices=PRODUCTS, help="only the lines of this product; nothing is written")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        chosen = [options.product] if options.product else PRODUCTS
        works = [work for name in chosen for work in stack.enter_context(PRODUCTS[name](Path(folder)))]
        lines = ["| work | ours | peers | ratio | to reach |", "|---|---|---|---|---|"]
        print(*lines, sep="\n")
        for work in works:
            if options.only in work.name:
                lines.append(_line(work, work.medians(quick=options.quick)))
                print(lines[-1], flush=True)
    table = "\n".join(lines) + "\n"
    if not (options.quick or options.only or options.product):
        TABLE.write_text(_HEAD.format(python=platform.python_version(), machine=_machine()) + table)
        PICTURE.write_text(plot.svg(plot.ratios(table)))
        print(f"Written to docs/{TABLE.name} and docs/{PICTURE.name}.")
    return 0


_SCALE = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6}
_HEAD = """# Benchmarks

Made by `scripts/bench`, with Python {python} on {machine}. Each line is measured in one run, side by side: medians of
interleaved rounds on one loopback server. Machines differ and are noisy, so look at the ratios. *httpx* is bare httpx
with `.json()`, which checks nothing; *stock* is openapi-python-client with its own templates for the same document;
*floor* is the standard library's http.client and json.

![The ratio of each line below as a bar](benchmarks.svg)

"""


def _line(work: Work, medians: dict[str, float]) -> str:
    amounts = {name: f"{value * _SCALE[work.unit]:.4g} {work.unit}" for name, value in medians.items()}
    peers = ", ".join(f"{name} {amount}" for name, amount in amounts.items() if name != "ours")
    ratio = medians["ours"] / medians[work.peer]
    return f"| {work.name} | {amounts['ours']} | {peers} | **{ratio:.2f}** of {work.peer} | {work.target:.2f} |"


def _machine() -> str:
    return f"{os.cpu_count()} cores of {platform.machine()}, {platform.system()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
