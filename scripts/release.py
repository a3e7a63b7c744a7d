"""See that a release may go out, and build it: what has to agree does, and the archives are what anybody would build."""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the command; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/release", description="Check a release, and build it into dist/.")
    parser.add_argument("tag", nargs="?", help="the tag that it is made for, such as v0.3.0")
    tag = parser.parse_args().tag
    texts = (ROOT / name for name in ("openapi.yaml", "CHANGELOG.md", "pyproject.toml"))
    found = uncommitted(ROOT) or problems(tag, *(path.read_text(encoding="utf-8") for path in texts)) or outdated()
    if not found:
        shutil.rmtree(ROOT / "dist", ignore_errors=True)
        found = build_and_check(ROOT, ROOT / "dist")
    if not found:
        print(*sorted(f"dist/{path.name}" for path in (ROOT / "dist").iterdir()), sep="\n")
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return int(bool(found))


def uncommitted(folder: Path) -> list[str]:
    """What a build of a folder would have that its commit does not have, or the other way round, in one line."""
    command = ["git", "-C", str(folder), "status", "--porcelain"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return [f"a release is made from a commit: {done.stderr.strip()}"]
    files = [line[3:] for line in done.stdout.splitlines()]
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return [f"commit these or undo them: {', '.join(files[:3])}{more}"] if files else []


def outdated() -> list[str]:
    """Whether the client is another one than the document gives, in one line."""
    done = subprocess.run([sys.executable, "-P", "-m", "generator", "--check"], capture_output=True, check=False)
    return ["openapi.yaml gives other files: run scripts/generate and commit what it writes"] if done.returncode else []


def problems(tag: str | None, document: str, changelog: str, project: str) -> list[str]:
    """What keeps a release from going out, one line each, by the texts of the files."""
    (version,) = re.findall(r"^  version: (\S+)$", document, re.MULTILINE)
    sections = dict(re.findall(r"^## (\S+).*\n((?:(?!## ).*\n?)*)", changelog, re.MULTILINE))
    found: list[str] = []
    if tag not in {None, f"v{version}"}:
        found.append(f"the tag {tag} is not the version of openapi.yaml, which is {version}")
    if not sections.get(version, "").strip():
        found.append(f"CHANGELOG.md has no section on {version}")
    if sections.get("Unreleased", "").strip():
        found.append(f"CHANGELOG.md: what is under Unreleased belongs to {version}, or stays for later")
    if "REPOSITORY" in project:
        found.append("pyproject.toml: put the repository's address in the place of REPOSITORY")
    return found


def build_and_check(source: Path, folder: Path) -> list[str]:
    """Build the archives into a folder and look at them; the wheel is built from the source archive, and once more from the tree."""
    _run("-m", "build", "--no-isolation", "--outdir", folder, source)
    with tempfile.TemporaryDirectory() as again:
        _run("-m", "build", "--no-isolation", "--sdist", "--wheel", "--outdir", again, source)
        different = [
            f"{path.name}: another build has other bytes"
            for path in sorted(folder.iterdir())
            if path.read_bytes() != (Path(again) / path.name).read_bytes()
        ]
    _run("-m", "twine", "check", "--strict", *folder.iterdir())
    _run("-m", "check_wheel_contents", *folder.glob("*.whl"))
    return different


def _run(*arguments: str | Path) -> None:
    """Run a Python command; exits with what it said if it fails."""
    done = subprocess.run(
        [sys.executable, "-P", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


if __name__ == "__main__":
    sys.exit(main())
