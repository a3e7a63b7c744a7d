"""What users of a client notice when it is replaced by another, the version step that follows, and its changelog.

The facts are those of the public Python API, old and new, which griffe reads without importing either; its breaking
changes are all reported. The new document only adds where each one stands, since the old one is not kept.
"""

import ast
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import griffe
from openapi_python_client import strings

from .document import Document, pointer_of
from .names import python_name
from .source import Pointer

ADDED, CHANGED, REMOVED = "Added", "Changed", "Removed"
FIX, FEATURE, BREAKING = 1, 2, 3
STEPS = {FIX: "patch", FEATURE: "minor", BREAKING: "major"}


@attrs.frozen
class Change:
    """What users notice.

    Attributes:
        section: That of the changelog.
        subject: The operation or class that changed, and what of it: a field, an argument, a status.
        text: One line in users' terms.
        level: What it is worth in a version: FIX, FEATURE or BREAKING.
        position: Where it stands in the document, as file:line, if it does.
    """

    section: str
    subject: tuple[str, str]
    text: str
    level: int
    position: str = ""

    @property
    def line(self) -> str:
        """The line of the report."""
        mark = "BREAKING" if self.level == BREAKING else "ok"
        return f"  {mark:8}  {self.text}{f' ({self.position})' if self.position else ''}"


@attrs.frozen
class Item:
    """A field or an argument; the default is code, None if there is none."""

    type: str
    default: str | None
    is_positional: bool = False


@attrs.frozen
class Operation:
    """A method of the clients, and what it sends and raises."""

    request: str
    arguments: Mapping[str, Item]
    result: str
    errors: Mapping[str, str]


@attrs.frozen
class Enum:
    """The members of an enum by name; the words of the document and whether it is final by value."""

    members: Mapping[str, str]
    words: Mapping[str, str]
    final: frozenset[str]


@attrs.frozen
class Surface:
    """The public Python API of a client."""

    package: Any
    version: str
    base_url: str
    operations: Mapping[str, Operation]
    models: Mapping[str, Mapping[str, Item]]
    choices: Mapping[str, str]
    errors: Mapping[str, Mapping[str, Item]]
    enums: Mapping[str, Enum]
    docstrings: Mapping[str, str]

    @property
    def sent(self) -> set[str]:
        """The models that users make, since an argument holds them."""
        return self._reached(item for operation in self.operations.values() for item in operation.arguments.values())

    @property
    def received(self) -> set[str]:
        """The models that users get, in results and in errors."""
        results = [Item(operation.result, None) for operation in self.operations.values()]
        return self._reached([*results, *(item for fields in self.errors.values() for item in fields.values())])

    def _reached(self, items: Iterable[Item]) -> set[str]:
        queue = [item.type for item in items]
        found: set[str] = set()
        while queue:
            for name in set(re.findall(r"\w+", queue.pop())) & (self.models.keys() | self.choices.keys()) - found:
                found.add(name)
                queue += [item.type for item in self.models.get(name, {}).values()]
                queue.append(self.choices.get(name, ""))
        return found


@attrs.frozen
class Report:
    """The changes, and the versions before and after them."""

    changes: tuple[Change, ...]
    old_version: str
    new_version: str

    @property
    def level(self) -> int:
        """That of the gravest change, 0 if there is none."""
        return max((change.level for change in self.changes), default=0)

    @property
    def expected_version(self) -> str:
        """The least version that may follow."""
        major, minor, patch = _numbers(self.old_version)
        if self.level == BREAKING and major:
            return f"{major + 1}.0.0"
        if self.level >= FEATURE:
            return f"{major}.{minor + 1}.0"
        return f"{major}.{minor}.{patch + 1}" if self.level else self.old_version

    @property
    def is_raised(self) -> bool:
        """Whether the new version says enough."""
        return _numbers(self.new_version) >= _numbers(self.expected_version)

    @property
    def changelog(self) -> str:
        """The entry for CHANGELOG.md."""
        version = self.new_version if self.is_raised else self.expected_version
        parts = [f"## {version}"]
        for section in (ADDED, CHANGED, REMOVED):
            found = [change for change in self.changes if change.section == section]
            lines = [f"- {'**Breaking**: ' * (change.level == BREAKING)}{change.text}." for change in found]
            parts += [f"### {section}", "\n".join(lines)] if lines else []
        return "\n\n".join(parts)

    def __str__(self) -> str:
        if not self.changes:
            return "Users of the Python API will notice nothing."
        step = STEPS[self.level]
        if self.level == BREAKING and self.old_version.startswith("0."):
            step = "minor, as for all that breaks while the version is 0.x"
        versions = f"{self.old_version} -> {self.expected_version} or later"
        found = f"the document says {self.new_version}"
        advice = "" if self.is_raised else f"\nWarning: raise info.version: expected at least {self.expected_version}."
        lines = "\n".join(change.line for change in self.changes)
        return (
            f"What users will notice:\n{lines}\nVersion step: {step}: {versions}; {found}.{advice}\n"
            f"For CHANGELOG.md:\n\n{self.changelog}\n"
        )


def report(old: Path, new: Path, document: Document) -> Report:
    """Compare two packages, each given by its folder; the document is the new one's.

    Raises:
        ValueError: One of them is no client that can be read.
    """
    before, after = _surface(old), _surface(new)
    found = [*_operations(before, after), *_models(before, after), *_choices(before, after)]
    found += [*_errors(before, after), *_enums(before, after)]
    if before.base_url != after.base_url:
        text = f"clients send to `{after.base_url}` by default, not to `{before.base_url}`"
        found.append(Change(CHANGED, ("base_url", ""), text, BREAKING))
    found += _others(before, after, found)
    found += _words(before, after, {change.subject[0] for change in found})
    positioned = [attrs.evolve(change, position=_shown(document, change.subject)) for change in found]
    order = [ADDED, CHANGED, REMOVED]
    positioned.sort(key=lambda change: (-change.level, order.index(change.section)))
    return Report(tuple(positioned), before.version, after.version)


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch, *_ = [*map(int, re.findall(r"\d+", re.split(r"[a-z]", version)[0])), 0, 0, 0]
    return major, minor, patch


# Reading a client


def _surface(folder: Path) -> Surface:
    try:
        return _read(griffe.load(folder.name, search_paths=[folder.parent], allow_inspection=False))
    except Exception as error:  # whatever a client of long ago, or one that was damaged, lacks
        raise ValueError(f"{folder}: {type(error).__name__}: {error}") from None


def _own_names(package: Any) -> list[str]:
    """What a package exports and has not from another library."""
    return [name for name in package.exports if package[name].target_path.startswith(f"{package.name}.")]


def _read(package: Any) -> Surface:
    public = {name: package[name].final_target for name in _own_names(package) if name != "__version__"}
    client = public[next(name for name in public if f"Async{name}" in public)]
    operations = {
        name: _operation(client[name] if name in client.members else module[name], module)
        for tag in package["_api"].modules.values()
        for name, module in tag.modules.items()
    }
    classes = {name: item for name, item in public.items() if not item.path.startswith(f"{package.name}.client.")
               and name not in operations}  # fmt: skip
    enums = {
        name
        for name, item in classes.items()
        if item.is_class and {str(base) for base in item.bases} & {"IntEnum", "StrEnum"}
    }
    errors = {name for name, item in classes.items() if item.path.startswith(f"{package.name}.errors.")}
    methods = {name: client[name] for name in operations if name in client.members}
    documented = public | methods | {client.name: client}
    return Surface(
        package=package,
        version=ast.literal_eval(str(package["_about.__version__"].value)),
        base_url=ast.literal_eval(str(package["_about.DEFAULT_BASE_URL"].value)),
        operations=operations,
        models={name: _items(item) for name, item in classes.items() if item.is_class and name not in enums | errors},
        choices={name: str(item.value) for name, item in classes.items() if item.is_attribute},
        errors={name: _items(classes[name]) for name in errors},
        enums={name: _enum(classes[name]) for name in enums},
        docstrings={name: item.docstring.value if item.docstring else "" for name, item in documented.items()},
    )


def _operation(method: Any, module: Any) -> Operation:
    documented = ast.parse(str(module["_ERRORS"].value), mode="eval").body if "_ERRORS" in module.members else None
    errors = {}
    if isinstance(documented, ast.Dict):
        pairs = zip(documented.keys, documented.values, strict=True)
        errors = {
            str(ast.literal_eval(key)): ast.unparse(value).split(",")[0].strip("(") for key, value in pairs if key
        }
    arguments = {
        item.name: Item(str(item.annotation), _code(item.default), item.kind is not griffe.ParameterKind.keyword_only)
        for item in method.parameters
        if item.name != "self"
    }
    return Operation(module.docstring.value.partition(": ")[2], arguments, str(method.returns), errors)


def _items(owner: Any) -> dict[str, Item]:
    """The fields of a class; a property is none."""
    return {
        name: Item(str(field.annotation), _default(_code(field.value)))
        for name, field in owner.attributes.items()
        if field.is_public and not name.startswith("__") and "property" not in field.labels
    }


def _code(value: Any) -> str | None:
    return None if value is None else str(value)


def _default(code: str | None) -> str | None:
    """The default of a field, which stands within a call if the field has another name in JSON."""
    if code is None or not code.startswith("attrs.field("):
        return code
    call = ast.parse(code, mode="eval").body
    keywords = call.keywords if isinstance(call, ast.Call) else []
    return next((ast.unparse(keyword.value) for keyword in keywords if keyword.arg == "default"), None)


def _enum(item: Any) -> Enum:
    members = {name: str(field.value) for name, field in item.attributes.items() if "property" not in field.labels}
    constants = item.module.members
    words = ast.literal_eval(str(constants["_DESCRIPTIONS"].value)) if "_DESCRIPTIONS" in constants else {}
    final = re.sub(r"^frozenset\((.*)\)$", r"\1", str(constants["_FINAL"].value)) if "_FINAL" in constants else "[]"
    members = {name: repr(ast.literal_eval(value)) for name, value in members.items()}
    return Enum(
        members, {repr(key): text for key, text in words.items()}, frozenset(map(repr, ast.literal_eval(final)))
    )


# Comparing two


def _operations(old: Surface, new: Surface) -> Iterator[Change]:
    removed = {name: item for name, item in old.operations.items() if name not in new.operations}
    added = {name: item for name, item in new.operations.items() if name not in old.operations}
    for name, operation in removed.items():
        # a method and path stand once in a document
        successor = next((other for other, item in added.items() if item.request == operation.request), None)
        if successor is None:
            yield Change(REMOVED, (name, ""), f"`{name}` is gone", BREAKING)
            continue
        del added[successor]
        yield Change(CHANGED, (successor, ""), f"`{name}` is now called `{successor}`", BREAKING)
        yield from _operation_changes(successor, operation, new.operations[successor])
    for name, operation in added.items():
        yield Change(ADDED, (name, ""), f"`{name}`: new operation, {operation.request}", FEATURE)
    for name, operation in old.operations.items():
        if name in new.operations:
            yield from _operation_changes(name, operation, new.operations[name])


def _operation_changes(name: str, old: Operation, new: Operation) -> Iterator[Change]:
    if old.request != new.request:
        yield Change(CHANGED, (name, ""), f"`{name}`: is sent as {new.request}, before as {old.request}", FIX)
    yield from _item_changes(name, "argument", old.arguments, new.arguments, is_given=True, is_taken=False)
    kept = [argument for argument in _positional(old) if argument in new.arguments]
    if _positional(new)[: len(kept)] != kept:
        yield Change(CHANGED, (name, ""), f"`{name}`: the order of its arguments changed", BREAKING)
    if old.result != new.result:
        level = FEATURE if _holds(old.result, new.result) else BREAKING
        yield Change(CHANGED, (name, ""), f"`{name}`: returns `{new.result}`, before `{old.result}`", level)
    for status in sorted({*old.errors, *new.errors}):
        before, after = old.errors.get(status), new.errors.get(status)
        subject = (name, f"status {status}")
        if before == after:
            continue
        if before is None:
            text = f"`{name}`: raises `{after}` for {status}, which was `UnexpectedStatusError` before"
            yield Change(CHANGED, subject, text, FEATURE)
        else:
            now = f"`{after or 'UnexpectedStatusError'}`"
            yield Change(CHANGED, subject, f"`{name}`: raises {now} for {status}, before `{before}`", BREAKING)


def _positional(operation: Operation) -> list[str]:
    """The arguments that may be given without their names, in their order."""
    return [name for name, item in operation.arguments.items() if item.is_positional]


def _models(old: Surface, new: Surface) -> Iterator[Change]:
    sent, received = old.sent | new.sent, old.received | new.received
    for name in (yield from _classes("model", old.models, new.models)):
        uses = {"is_given": name in sent, "is_taken": name in received or name not in sent}
        yield from _item_changes(name, "field", old.models[name], new.models[name], **uses)


def _choices(old: Surface, new: Surface) -> Iterator[Change]:
    """Objects of several kinds."""
    for name in (yield from _classes("choice", old.choices, new.choices)):
        before, after = (set(_alternatives(each.choices[name])) for each in (old, new))
        for kind in sorted(after - before):
            yield Change(ADDED, (name, ""), f"`{name}`: may be `{kind}` too", FEATURE)
        for kind in sorted(before - after):
            yield Change(REMOVED, (name, ""), f"`{name}`: is never `{kind}` any more", BREAKING)


def _errors(old: Surface, new: Surface) -> Iterator[Change]:
    for name in (yield from _classes("error", old.errors, new.errors)):
        yield from _item_changes(name, "field", old.errors[name], new.errors[name], is_given=False, is_taken=True)


def _enums(old: Surface, new: Surface) -> Iterator[Change]:
    for name in (yield from _classes("enum", old.enums, new.enums)):
        yield from _member_changes(name, old.enums[name], new.enums[name])


def _classes(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Generator[Change, None, list[str]]:
    """Classes that came or went; returns the names of those that stayed."""
    for name in sorted(old.keys() ^ new.keys()):
        if name in new:
            yield Change(ADDED, (name, ""), f"`{name}`: new {kind}", FEATURE)
        else:
            yield Change(REMOVED, (name, ""), f"`{name}` is gone", BREAKING)
    return sorted(old.keys() & new.keys())


def _item_changes(
    owner: str, kind: str, old: Mapping[str, Item], new: Mapping[str, Item], *, is_given: bool, is_taken: bool
) -> Iterator[Change]:
    """Changes of arguments or fields, by whether users give such values, take them, or both."""
    for name in (name for name in old if name not in new):
        yield Change(REMOVED, (owner, name), f"`{owner}`: the {kind} `{name}` is gone", BREAKING)
    for name, item in new.items():
        if name not in old:
            needed = "required" if item.default is None else "optional"
            level = BREAKING if is_given and needed == "required" else FEATURE
            yield Change(ADDED, (owner, name), f"`{owner}`: new {needed} {kind} `{name}`", level)
            continue
        before = old[name]
        if before.type != item.type:
            is_safe = (not is_given or _holds(item.type, before.type)) and (
                not is_taken or _holds(before.type, item.type)
            )
            text = f"`{owner}`: the {kind} `{name}` is now `{item.type}`, before `{before.type}`"
            yield Change(CHANGED, (owner, name), text, FEATURE if is_safe else BREAKING)
        if before.default != item.default:
            yield _default_change(owner, kind, name, before.default, item.default, is_given=is_given)


def _default_change(owner: str, kind: str, name: str, old: str | None, new: str | None, *, is_given: bool) -> Change:
    level = BREAKING if is_given and old is not None else FEATURE
    if old is None:
        text = f"`{owner}`: the {kind} `{name}` is now optional"
    elif new is None:
        text = f"`{owner}`: the {kind} `{name}` is now required"
    else:
        text = f"`{owner}`: the default of the {kind} `{name}` is now `{new}`, before `{old}`"
    return Change(CHANGED, (owner, name), text, level)


def _holds(whole: str, part: str) -> bool:
    """Whether every value of one annotation is one of the other."""
    outer, inner = set(_alternatives(whole)), set(_alternatives(part))
    return "Any" in outer or inner <= outer | ({"int"} if "float" in outer else set())


def _alternatives(annotation: str) -> Iterator[str]:
    node: ast.expr = ast.parse(annotation, mode="eval").body
    while isinstance(node, ast.BinOp):
        yield ast.unparse(node.right)
        node = node.left
    yield ast.unparse(node)


def _member_changes(name: str, old: Enum, new: Enum) -> Iterator[Change]:
    for member, value in old.members.items():
        if member in new.members:
            if new.members[member] != value:
                text = f"`{name}`: `{member} = {new.members[member]}`, before `{value}`"
                yield Change(CHANGED, (name, member), text, BREAKING)
        elif successor := next((key for key, other in new.members.items() if other == value), None):
            yield Change(CHANGED, (name, member), f"`{name}`: `{member}` is now called `{successor}`", BREAKING)
        else:
            yield Change(REMOVED, (name, member), f"`{name}`: `{member} = {value}` is gone", BREAKING)
    for member, value in new.members.items():
        if value not in old.members.values() and member not in old.members:
            yield Change(ADDED, (name, member), f"`{name}`: new member `{member} = {value}`", FEATURE)
        elif value in old.members.values() and (value in old.final) != (value in new.final):
            now = "can no longer change" if value in new.final else "can still change"
            yield Change(CHANGED, (name, member), f"`{name}`: `{member}` {now} (`is_final`)", FEATURE)


def _others(old: Surface, new: Surface, found: Iterable[Change]) -> Iterator[Change]:
    """What else breaks by griffe's reading: what comes from the templates and not from the document."""
    known = {change.subject for change in found if change.level == BREAKING}
    owners = {subject[0] for subject in known}
    public = {old.package[name].canonical_path for name in _own_names(old.package)}
    reported: set[str] = set()
    for breakage in griffe.find_breaking_changes(old.package, new.package):
        is_foreign = breakage.obj.is_alias and breakage.obj.name not in _own_names(old.package)
        path = breakage.obj.path if is_foreign else breakage.obj.canonical_path
        if is_foreign or not any(f"{path}.".startswith(f"{one}.") for one in public):
            continue
        parts = set(path.split(".")) | {
            item.name for item in (breakage.old_value, breakage.new_value) if hasattr(item, "name")
        }
        text = (
            f"`{path.removeprefix(f'{old.package.name}.')}`: {breakage.kind.value[0].lower()}{breakage.kind.value[1:]}"
        )
        if not (owners | _renamed(found)) & parts and text not in reported:
            reported.add(text)
            yield Change(CHANGED, (path.rpartition(".")[2], ""), text, BREAKING)


def _renamed(found: Iterable[Change]) -> set[str]:
    """The old names of what is called otherwise now."""
    return {match[1] for change in found if (match := re.match(r"`(\w+)` is now called", change.text))}


def _words(old: Surface, new: Surface, changed: set[str]) -> Iterator[Change]:
    """Descriptions, where they alone changed."""
    names = [
        name
        for name in old.docstrings
        if name in new.docstrings and name not in changed
        if old.docstrings[name] != new.docstrings[name]
        or (name in old.enums and name in new.enums and old.enums[name].words != new.enums[name].words)
    ]
    for name in sorted(names):
        yield Change(CHANGED, (name, ""), f"`{name}`: its description", FIX)


# Positions in the document


def _shown(document: Document, subject: tuple[str, str]) -> str:
    """Where a subject stands, as file:line; empty if it is not in the document."""
    pointer = _pointer(document, *subject)
    return f"{document.path}:{document.position(pointer)[0]}" if pointer else ""


def _pointer(document: Document, owner: str, part: str) -> Pointer:
    for pointer, raw in document.operations():
        if python_name(raw["operationId"]) == owner:
            if part.startswith("status "):
                return (*pointer, "responses", part.removeprefix("status "))
            return _field(document, (*pointer, "requestBody", "content", "application/json", "schema"), part) or pointer
    for name in document.data.get("components", {}).get("schemas", {}):
        if strings.pascal_case(name) == owner:
            whole: Pointer = ("components", "schemas", name)
            return _field(document, whole, part) or _member(document, whole, part) or whole
    return ("servers",) if owner == "base_url" else ()


def _field(document: Document, pointer: Pointer, name: str) -> Pointer:
    """Where a field of a schema stands, empty if it has none of that name."""
    value: Any = document.data
    path: Pointer = ()
    for key in pointer:
        if not isinstance(value, dict) or key not in value:
            return ()
        value, path = value[key], (*path, key)
        while isinstance(value, dict) and "$ref" in value:
            path = pointer_of(value["$ref"])
            value = document.at(path)
    for key in value.get("properties", {}) if isinstance(value, dict) else {}:
        if python_name(key) == name:
            return (*path, "properties", key)
    return ()


def _member(document: Document, pointer: Pointer, name: str) -> Pointer:
    names = document.at(pointer).get("x-enum-varnames", [])
    return (*pointer, "x-enum-varnames", names.index(name)) if name in names else ()
