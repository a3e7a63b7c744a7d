"""The templates: what each replaces and why stands in its head, and a change to one shows in the generated client."""

import re
from pathlib import Path
from typing import Any

import jinja2
import openapi_python_client
import pytest
from generator import render
from generator.checks import read
from generator.context import context as client_context
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from .commands import DOCUMENT, PACKAGE, ROOT, run_copy

OURS = ROOT / "scripts" / "generator" / "templates"
UPSTREAM = Path(openapi_python_client.__file__).parent / "templates"
HEAD = re.compile(
    r"\{# (?:Replaces (?P<replaced>[\w.]+\.jinja)|Has no upstream counterpart): (?P<reason>.+?) -#\}\n", re.DOTALL
)


@pytest.mark.parametrize("template", sorted(OURS.iterdir()), ids=lambda path: path.name)
def test_each_head_says_what_it_replaces_and_why(template: Path) -> None:
    head = HEAD.match(template.read_text(encoding="utf-8"))
    assert head, f"{template.name} begins with no comment in the form of the others"
    replaced = head["replaced"]
    assert replaced is None or (UPSTREAM / replaced).is_file()
    assert replaced in {None, template.name} or not (UPSTREAM / template.name).exists()
    assert len(head["reason"].split()) >= 5


def test_together_they_are_smaller_than_what_they_replace() -> None:
    upstream = [
        path for path in UPSTREAM.rglob("*.jinja") if not path.name.startswith(("pyproject", "setup", "README"))
    ]
    assert 0 < _size(list(OURS.iterdir())) < _size(upstream)


def _size(paths: list[Path]) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


# What openapi-python-client gives to the template that it is at.
GIVEN = {"endpoint", "endpoint_collection", "enum", "imports", "model"}


def test_the_templates_use_what_the_context_lists_and_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: dict[str, object] = {}

    def context(*arguments: Any, **named: Any) -> dict[str, object]:
        listed.update(client_context(*arguments, **named))
        return listed

    monkeypatch.setattr(render, "context", context)
    render.render(read(DOCUMENT), tmp_path / PACKAGE, PACKAGE, "sms-scheduler")
    environment = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"])
    environment.filters["literal"] = repr
    used: set[str] = set()
    for template in OURS.iterdir():
        tree = environment.parse(template.read_text(encoding="utf-8"))
        # What is set in one branch alone counts as undeclared.
        used |= find_undeclared_variables(tree) - {
            str(name.name) for name in tree.find_all(nodes.Name) if name.ctx == "store"
        }
    assert used - GIVEN == listed.keys()


def test_a_name_that_is_not_in_the_context_is_an_error(checkout: Path) -> None:
    template = checkout / "scripts" / "generator" / "templates" / "errors.py.jinja"
    template.write_text(template.read_text(encoding="utf-8") + "# {{ misspelt }}\n", encoding="utf-8")
    done = run_copy(checkout, "--check")
    assert done.code == 2
    assert "'misspelt' is undefined" in done.err


def test_a_change_to_a_template_shows_in_the_client(checkout: Path) -> None:
    assert run_copy(checkout, "--check").code == 0
    template = checkout / "scripts" / "generator" / "templates" / "errors.py.jinja"
    template.write_text(template.read_text().replace("safe to send it again", "safe to repeat it"))
    done = run_copy(checkout, "--check")
    assert done.code == 1
    changed = [line for line in done.out.splitlines() if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}]
    assert [line.strip("+- ") for line in changed] == [
        '"""The request certainly did not reach the server: it is safe to send it again."""',
        '"""The request certainly did not reach the server: it is safe to repeat it."""',
    ]
