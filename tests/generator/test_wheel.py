"""The wheel, built from a clean copy of the tree: what is in it, and that it works by itself."""

import email
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from .commands import ROOT, run_code, tree

NEEDED = ["CHANGELOG.md", "LICENSE", "README.md", "openapi.yaml", "pyproject.toml"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in NEEDED:
        shutil.copy(ROOT / name, source)
    for name in ("generated", "mock", "campaign", "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder / "dist"),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "dist").iterdir()
    return wheel


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def metadata(unpacked: Path) -> Message:
    (path,) = unpacked.glob("*.dist-info/METADATA")
    return email.message_from_string(path.read_text(encoding="utf-8"))


def test_the_packages_are_in_it_whole_and_nothing_else(unpacked: Path) -> None:
    found = {name: content for name, content in tree(unpacked).items() if ".dist-info/" not in name}
    expected = {
        f"{package.name}/{name}": content
        for package in (
            ROOT / "generated" / "sms_scheduler",
            ROOT / "mock" / "sms_scheduler_mock",
            ROOT / "campaign" / "sms_scheduler_campaign",
            ROOT / "tests" / "contract" / "sms_scheduler_contract",
        )
        for name, content in tree(package).items()
        if not name.endswith(".yaml")  # what the JSON beside it is made from
    }
    assert found == expected
    assert {"sms_scheduler/py.typed", "sms_scheduler_mock/py.typed"} <= found.keys()


def test_the_dependencies_of_each_extra(metadata: Message) -> None:
    required = metadata.get_all("Requires-Dist") or []
    plain = {_name(line) for line in required if ";" not in line}
    mock = {_name(line) for line in required if line.endswith("extra == 'mock'")}
    assert plain == {"attrs", "h11", "httpx", "msgspec"}
    assert mock == {"anyio", "httptools", "jsonschema-rs", "offapi", "starlette", "uvicorn", "uvloop"}
    contract = {_name(line) for line in required if line.endswith("extra == 'contract'")}
    assert contract == mock | {"hypothesis", "jinja2", "pytest", "requests", "rich", "schemathesis"}
    campaign = {_name(line) for line in required if line.endswith("extra == 'campaign'")}
    assert campaign == {"dbos", "rich", "sqlalchemy"}
    parquet = {_name(line) for line in required if line.endswith("extra == 'parquet'")}
    assert parquet == campaign | {"pyarrow"}
    assert len(required) == sum(map(len, (plain, mock, contract, campaign, parquet)))


def test_the_metadata(metadata: Message, unpacked: Path) -> None:
    assert metadata["Name"] == "sms-scheduler"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert "Typing :: Typed" in (metadata.get_all("Classifier") or [])
    assert list(unpacked.glob("*.dist-info/licenses/LICENSE"))


def test_it_works_by_itself(unpacked: Path, metadata: Message) -> None:
    program = """
import pathlib, sys
import httpx, sms_scheduler, sms_scheduler_mock
for package in (sms_scheduler, sms_scheduler_mock):
    assert pathlib.Path(package.__file__).is_relative_to(sys.path[0]), package.__file__
with sms_scheduler_mock.MockServer() as server:
    with sms_scheduler.SmsScheduler(api_key=server.api_key, base_url=server.url) as client:
        created = client.create_sms(
            message_text="Hello", delivery_date="2030-12-25 12:45:59", sender_id=123, phone_numbers="+33612345678"
        )
        assert [sms.phone_number for sms in client.get_message(created.message_id)] == ["+33612345678"]
    for path in ("", "_mock/page/page.js", "_mock/swagger-ui/swagger_bundle.js", "_mock/clock"):
        assert httpx.get(server.page_url + path).status_code == 200, path
print(sms_scheduler.__version__)
"""
    assert run_code(program, unpacked) == f"{metadata['Version']}\n"


def _name(requirement: str) -> str:
    return requirement.split(";", maxsplit=1)[0].split(">", maxsplit=1)[0].split("<", maxsplit=1)[0].strip().lower()
