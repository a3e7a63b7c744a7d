"""The templates: what each replaces and why stands in its head, and a change to one shows in the generated client."""

import re
from pathlib import Path

import openapi_python_client
import pytest

from .commands import ROOT, run_copy

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
