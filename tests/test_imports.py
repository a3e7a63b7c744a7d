"""Imports go one way: what every package of the repository may import, and that none imports itself in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
# The client and the mock server do not know each other: one would hide the mistakes of the other.
MAY_IMPORT = {
    "sms_scheduler": set[str](),
    "sms_scheduler_mock": set[str](),
    "sms_scheduler_contract": {"sms_scheduler_mock"},
    "sms_scheduler_campaign": {"sms_scheduler"},
    "generator": set[str](),
    "benchmarks": {"sms_scheduler", "sms_scheduler_mock", "sms_scheduler_campaign"},
}
# Imports for type checkers and those inside functions count too.
GRAPH = grimp.build_graph(*MAY_IMPORT, include_external_packages=True, cache_dir=None)


def imports(package: str) -> dict[str, set[str]]:
    """The modules that each module of a package imports."""
    modules = (module for module in GRAPH.modules if module.partition(".")[0] == package)
    return {module: GRAPH.find_modules_directly_imported_by(module) for module in modules}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_no_circle(package: str) -> None:
    try:
        TopologicalSorter(imports(package)).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_one_way(package: str) -> None:
    others = {*MAY_IMPORT, "tests"} - MAY_IMPORT[package] - {package}
    wrong = [
        f"{module} imports {imported}"
        for module, found in imports(package).items()
        for imported in found
        if imported.partition(".")[0] in others
    ]
    assert wrong == []


def test_tests_of_one_product_do_not_import_those_of_another() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "sms_scheduler_contract" not in path.parts:
                assert node.level < 2, f"{path}:{node.lineno}"
                assert (node.module or "").partition(".")[0] != "tests", f"{path}:{node.lineno}"


def test_nothing_changes_the_search_path() -> None:
    for folder in ("generated", "mock", "campaign", "scripts", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute):
                    assert ast.unparse(node) != "sys.path", f"{path}:{node.lineno}"
