"""The reference of every public name, which mkdocstrings makes from the docstrings."""

import importlib
from collections.abc import Iterable

# The pages, each with its title and its package.
PACKAGES = {
    "api-client": ("Client API", "sms_scheduler"),
    "api-mock": ("Mock server API", "sms_scheduler_mock"),
    "api-campaign": ("Campaign API", "sms_scheduler_campaign"),
}
MAIN, TYPES, ERRORS = "What you call", "Types", "Errors"


def public_names(package: str) -> list[str]:
    """What a package exports, apart from its version."""
    names: Iterable[str] = importlib.import_module(package).__all__
    return [name for name in names if not name.startswith("_")]


def api_pages() -> dict[str, str]:
    """The pages of all packages."""
    return {page: _page(title, package) for page, (title, package) in PACKAGES.items()}


def _page(title: str, package: str) -> str:
    lines = [f"# {title}", f"Everything here is imported from `{package}`."]
    for section, names in _sections(public_names(package)).items():
        options = "\n    options:\n      inherited_members: true\n      show_bases: false" if section == MAIN else ""
        lines += [f"## {section}"] * bool(names) + [f"::: {package}.{name}{options}" for name in names]
    return "\n\n".join(lines) + "\n"


def _sections(names: Iterable[str]) -> dict[str, list[str]]:
    """The names by kind: what is called first, errors last."""
    found: dict[str, list[str]] = {MAIN: [], TYPES: [], ERRORS: []}
    for name in sorted(names, key=lambda name: (name.startswith("Async"), name.lower())):
        is_main = name.endswith(("Scheduler", "Server", "Campaign"))
        found[ERRORS if name.endswith("Error") else MAIN if is_main else TYPES].append(name)
    return found
