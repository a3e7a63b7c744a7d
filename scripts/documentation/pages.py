"""The hand-written pages, as the site has them: links that leave docs/ lead to pages and files of the site."""

import os
import re
import shutil
from pathlib import Path

# Pages of the repository that are pages of the site.
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md"}
# What the README says in short, the site says at length, from its first page on.
README = "index.md"
_CODE = re.compile(r"^(```.*?^```)$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)\s#]*)(#[^)\s]*)?\)")


class SourceError(Exception):
    """A page that cannot be part of the site."""


def gather(root: Path, folder: Path) -> None:
    """Write all pages below docs/, and those of the repository, with what they link to, into a folder that has the others.

    Raises:
        SourceError: A link leads nowhere.
    """
    docs = root / "docs"
    shutil.copytree(docs, folder, ignore=shutil.ignore_patterns("*.md"), dirs_exist_ok=True)
    pages = {page: page.relative_to(docs) for page in docs.rglob("*.md")}
    pages |= {root / page: Path(name) for page, name in PAGES.items()}
    for page, name in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(_page(page, root, folder), encoding="utf-8", newline="\n")


def _page(page: Path, root: Path, folder: Path) -> str:
    parts = _CODE.split(page.read_text(encoding="utf-8"))  # code stands at the odd places
    parts[::2] = [_LINK.sub(lambda link: _link(link, page, root, folder), part) for part in parts[::2]]
    return "".join(parts)


def _link(link: re.Match[str], page: Path, root: Path, folder: Path) -> str:
    """The link as the site has it; a file that is no page is copied, and is not to be read as one."""
    path, anchor = link[1], link[2] or ""
    target = (page.parent / path).resolve()
    if target.is_relative_to(root / "docs"):
        return f"]({os.path.relpath(target, root / 'docs')}{anchor})"  # what is not there is found when it is built
    if not target.exists():
        raise SourceError(f"{page.relative_to(root)}: {path} leads nowhere")
    named = target.relative_to(root).as_posix()
    if target == root / "README.md":
        return f"]({README})"
    if named in PAGES:
        return f"]({PAGES[named]}{anchor})"
    copy = folder / "files" / named
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(target, copy)
    return f"](files/{named})"
