"""Releases: what has to agree does, anybody builds the same bytes, and the archives hold what they should."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import release
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FILES = [".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "openapi.yaml", "pyproject.toml"]
FOLDERS = ["generated", "mock", "campaign", "tests/contract"]

DOCUMENT = "info:\n  version: 1.2.0\n"
CHANGELOG = "# Changelog\n\n## Unreleased\n\n## 1.2.0\n\n### Added\n\n- This.\n\n## 1.1.0\n\n- That.\n"


@pytest.mark.parametrize(
    ("tag", "changelog", "project", "said"),
    [
        ("v1.2.0", CHANGELOG, "", []),
        (None, CHANGELOG, "", []),
        ("v1.2.1", CHANGELOG, "", ["the tag v1.2.1 is not the version of openapi.yaml, which is 1.2.0"]),
        ("1.2.0", CHANGELOG, "", ["the tag 1.2.0 is not the version of openapi.yaml, which is 1.2.0"]),
        (None, CHANGELOG.replace("1.2.0", "1.3.0"), "", ["CHANGELOG.md has no section on 1.2.0"]),
        (None, "## 1.2.0\n\n## 1.1.0\n\n- That.\n", "", ["CHANGELOG.md has no section on 1.2.0"]),
        (None, CHANGELOG.replace("Unreleased\n", "Unreleased\n\n- More.\n"), "",
         ["CHANGELOG.md: what is under Unreleased belongs to 1.2.0, or stays for later"]),
        (None, CHANGELOG, 'Source = "https://REPOSITORY"', ["pyproject.toml: put the repository's address in the place of REPOSITORY"]),
    ],
)  # fmt: skip
def test_what_keeps_a_release_from_going_out(tag: str | None, changelog: str, project: str, said: list[str]) -> None:
    assert release.problems(tag, DOCUMENT, changelog, project) == said


def test_nothing_but_the_address_keeps_this_version_from_going_out() -> None:
    texts = [(ROOT / name).read_text("utf-8") for name in ("openapi.yaml", "CHANGELOG.md", "pyproject.toml")]
    assert release.problems(None, *texts) in ([], release.problems(None, DOCUMENT, CHANGELOG, "REPOSITORY"))


def test_only_what_is_committed_is_released(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    (said,) = release.uncommitted(tmp_path)
    assert re.match("a release is made from a commit: .*not a git repository", said)
    for name in "abcd":
        (tmp_path / name).write_text("")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True, timeout=60)
    assert release.uncommitted(tmp_path) == []
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").unlink()
    (tmp_path / "e").write_text("")
    assert release.uncommitted(tmp_path) == ["commit these or undo them: a, b, e"]
    (tmp_path / "c").unlink()
    (tmp_path / "d").unlink()
    assert release.uncommitted(tmp_path) == ["commit these or undo them: a, b, c and 2 more"]


@pytest.mark.parametrize("check", ["uncommitted", "problems", "outdated", "build_and_check"])
def test_each_of_them_ends_it(
    check: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a tree that is in order but for one thing."""
    for name in ("openapi.yaml", "CHANGELOG.md", "pyproject.toml"):
        (tmp_path / name).touch()
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["release"])
    for name in ("uncommitted", "problems", "outdated", "build_and_check"):
        monkeypatch.setattr(release, name, lambda *_, said=["no"] if name == check else []: said)
    assert release.main() == 1
    assert capsys.readouterr() == ("", "no\n")


def test_another_client_than_the_document_gives_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert release.outdated() == []
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    assert release.outdated() == ["openapi.yaml gives other files: run scripts/generate and commit what it writes"]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is built, twice, of a copy of the tree with other times and permissions."""
    folder = tmp_path_factory.mktemp("release")
    source = folder / "source"
    for name in FILES:
        source.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in source.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert release.build_and_check(source, folder / "dist") == []
    return folder / "dist"


def test_a_build_elsewhere_has_the_same_bytes(archives: Path, tmp_path: Path) -> None:
    """The copy above has no git, other times and other permissions; this is the tree itself."""
    command = [sys.executable, "-P", "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert {path.name: path.read_bytes() for path in archives.iterdir()} == {
        path.name: path.read_bytes() for path in tmp_path.iterdir()
    }


def test_two_builds_that_differ_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds = iter("ab")

    def run(*arguments: str | Path) -> None:
        if "build" in arguments:
            folder = Path(arguments[arguments.index("--outdir") + 1])
            folder.mkdir(exist_ok=True)
            (folder / "x.whl").write_text(next(builds))

    monkeypatch.setattr(release, "_run", run)
    assert release.build_and_check(tmp_path, tmp_path / "dist") == ["x.whl: another build has other bytes"]


def test_what_is_in_the_archives(archives: Path) -> None:
    (wheel,), (sdist,) = archives.glob("*.whl"), archives.glob("*.tar.gz")
    in_wheel = zipfile.ZipFile(wheel).namelist()
    packages = {name.split("/")[0] for name in in_wheel if ".dist-info/" not in name}
    assert packages == {"sms_scheduler", "sms_scheduler_mock", "sms_scheduler_campaign", "sms_scheduler_contract"}
    information = {name.partition(".dist-info/")[2] for name in in_wheel if ".dist-info/" in name}
    assert information == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    with tarfile.open(sdist) as archive:
        in_sdist = {name.split("/")[1] for name in archive.getnames()}
    assert in_sdist == {*FILES, "PKG-INFO", "generated", "mock", "campaign", "tests"}


def test_on_the_index_no_link_of_the_readme_is_relative(archives: Path) -> None:
    (wheel,) = archives.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    text = archive.read(name).decode()
    (version,) = re.findall(r"^Version: (.*)$", text, re.MULTILINE)
    (source,) = re.findall(r"^Project-URL: Source, (.*)$", text, re.MULTILINE)
    links = re.findall(r"\]\((\S+)\)", text)
    assert {f"{source}/raw/v{version}/docs/mock.png", f"{source}/blob/v{version}/docs/client.md#errors"} <= set(links)
    assert [link for link in links if "://" not in link] == []
    assert len(links) == (ROOT / "README.md").read_text("utf-8").count("](")


# Modules that a platform lacks for which the packages are tested.
POSIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_packages_need_no_posix_system(folder: str) -> None:
    files = [
        path for path in (ROOT / folder).rglob("*.py") if "sms_scheduler" in path.relative_to(ROOT / folder).parts[0]
    ]
    assert files
    for path in files:
        tree = ast.parse(path.read_text("utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
        assert not names & POSIX, path
        called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not called & {"fork", "forkpty", "setsid"}, path


# CI


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_permissions_are_least(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    found: dict[Any, Any] = yaml.safe_load(text)
    used = re.findall(r"uses: (?!\./)(\S+)(.*)", text)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r"  # v[\d.]+", comment), f"{action} does not say its version"
    assert found["permissions"] in ({}, {"contents": "read"})
    for name, job in found["jobs"].items():
        allowed = {"contents": "read"} | ({"attestations": "write", "id-token": "write"} if name == "publish" else {})
        assert job.get("permissions", {}).items() <= allowed.items(), name
        assert "timeout-minutes" in job or "uses" in job


def test_only_what_was_tested_and_built_is_published() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))["jobs"]
    assert set(jobs["publish"]["needs"]) == {"test", "build"}
    assert not any("checkout" in step.get("uses", "") or "run" in step for step in jobs["publish"]["steps"])
    assert any('scripts/release "$GITHUB_REF_NAME"' in step.get("run", "") for step in jobs["build"]["steps"])


def test_the_lock_is_kept_up_to_date() -> None:
    settings = json.loads((ROOT / ".github" / "renovate.json").read_text("utf-8"))
    (pattern,) = settings["pip_requirements"]["managerFilePatterns"]
    assert [path.name for path in ROOT.iterdir() if re.search(pattern.strip("/"), path.name)] == ["requirements.lock"]


def test_no_classifier_without_a_job() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    versions = re.findall(r"Programming Language :: Python :: (3\.\d+)", project)
    matrix = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]["test"]["strategy"][
        "matrix"
    ]
    assert matrix["python-version"] == versions
