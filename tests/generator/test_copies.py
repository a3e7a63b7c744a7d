"""The JSON that the mock server reads is made with the client: from the same reading, under --check, all or nothing."""

import json
from pathlib import Path

import pytest
from generator.source import parse
from generator.swap import Product, swap

from .commands import PACKAGE, ROOT, run_copy, tree

MOCK = Path("mock", "sms_scheduler_mock")
SOURCES = {
    MOCK / "openapi.json": Path("openapi.yaml"),
    MOCK / "admin" / "openapi.json": MOCK / "admin" / "openapi.yaml",
}


@pytest.mark.parametrize("copy", SOURCES, ids=str)
def test_it_says_what_its_source_says_in_the_same_order(copy: Path) -> None:
    text = (ROOT / copy).read_text(encoding="utf-8")
    expected = parse((ROOT / SOURCES[copy]).read_text(encoding="utf-8")).data
    assert json.dumps(json.loads(text)) == json.dumps(expected)
    assert text.endswith("}\n")


@pytest.mark.parametrize("copy", SOURCES, ids=str)
def test_check_shows_what_differs_and_a_run_mends_it(checkout: Path, copy: Path) -> None:
    committed = (checkout / copy).read_bytes()
    (checkout / copy).write_bytes(committed.replace(b'"openapi": "3.1.0"', b'"openapi": "3.1.1"'))
    before = tree(checkout)
    done = run_copy(checkout, "--check")
    assert done.code == 1
    assert '-  "openapi": "3.1.1",\n+  "openapi": "3.1.0",\n' in done.out
    assert f"{checkout / copy} is not what {checkout / SOURCES[copy]} gives" in done.err
    assert "would be written anew" in run_copy(checkout, "--dry-run").out
    assert tree(checkout) == before
    assert run_copy(checkout).code == 0
    assert (checkout / copy).read_bytes() == committed
    assert run_copy(checkout, "--check").code == 0


def test_one_that_is_missing_is_made(checkout: Path) -> None:
    copies = {copy: (checkout / copy).read_bytes() for copy in SOURCES}
    for copy in copies:
        (checkout / copy).unlink()
    assert run_copy(checkout, "--check").code == 1
    assert run_copy(checkout).code == 0
    assert {copy: (checkout / copy).read_bytes() for copy in copies} == copies


def test_a_mistake_in_the_last_source_leaves_all_as_it_was(checkout: Path) -> None:
    document, admin = checkout / "openapi.yaml", checkout / MOCK / "admin" / "openapi.yaml"
    document.write_text(document.read_text().replace("default: false", "default: true"))
    admin.write_text(admin.read_text().replace("openapi: 3.1.0", "openapi: 3.1.0\nopenapi: 3.1.0"))
    before = tree(checkout)
    done = run_copy(checkout)
    assert done.code == 2
    assert f"{admin}:" in done.err
    assert tree(checkout) == before


def test_another_output_gets_a_client_alone(checkout: Path, tmp_path: Path) -> None:
    (checkout / MOCK / "openapi.json").unlink()
    done = run_copy(checkout, "--output", tmp_path / "out")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [PACKAGE]
    assert not (checkout / MOCK / "openapi.json").exists()


def test_what_cannot_be_written_undoes_what_was(tmp_path: Path) -> None:
    for name in ("old", "new", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "fresh.json").write_text("fresh")
    before = tree(tmp_path)
    products = [
        Product(Path("api.yaml"), tmp_path / "new", tmp_path / "old"),
        Product(Path("api.yaml"), tmp_path / "other", tmp_path / "not yet there"),
        Product(Path("api.yaml"), tmp_path / "fresh.json", tmp_path / "nowhere" / "api.json"),
    ]
    with pytest.raises(FileNotFoundError):
        swap(products)
    assert tree(tmp_path) == before
