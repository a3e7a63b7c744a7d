"""Build the documentation site: its sources are gathered in one folder, built, and looked through for dead links."""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from .api_reference import api_pages
from .http_reference import http_page
from .links import dead_links
from .pages import SourceError, gather

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Run the command; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description="Build the documentation site into build/site.")
    parser.add_argument("--output", type=Path, default=ROOT / "build", help="the folder of sources and site")
    output = parser.parse_args(arguments).output.absolute()
    sources, site = output / "docs", output / "site"
    for folder in (sources, site):
        shutil.rmtree(folder, ignore_errors=True)
    sources.mkdir(parents=True)
    made = {**api_pages(), "http-api": http_page(ROOT / "openapi.yaml")}
    for name, page in made.items():
        (sources / f"{name}.md").write_text(page, encoding="utf-8", newline="\n")
    shutil.copy(ROOT / "openapi.yaml", sources)
    try:
        gather(ROOT, sources)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    configuration = output / "mkdocs.yml"
    configuration.write_text(_configuration(sources, site), encoding="utf-8")
    command = [sys.executable, "-P", "-m", "zensical", "build", "--strict", "--clean", "-f", str(configuration)]
    built = subprocess.run(command, cwd=output, capture_output=True, text=True, encoding="utf-8", check=False)
    if built.returncode:
        # it colours each character, and closes with where in its own code it gave up
        words = re.sub(r"\x1b\[[0-9;]*m", "", built.stdout + built.stderr)
        print(words.partition("Traceback (most")[0], file=sys.stderr)
        return 1
    problems = dead_links(site)
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    if not problems:
        print(f"Written to {site}: open {site / 'index.html'}.")
    return int(bool(problems))


def _configuration(sources: Path, site: Path) -> str:
    """The settings in mkdocs.yml, with the folders."""
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    return yaml.safe_dump({**settings, "docs_dir": sources.name, "site_dir": site.name}, sort_keys=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
