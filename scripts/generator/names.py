"""The names of a document in Python: legal, and no two alike where they would meet."""

import copy
import itertools
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import attrs
from openapi_python_client.config import ClassOverride
from openapi_python_client.strings import ClassName, PythonIdentifier, pascal_case, snake_case

from .document import Document, kinds_of
from .tagged import TAG

_TEMPLATES = Path(__file__).with_name("templates")


def _template_names(pattern: str) -> set[str]:
    """The names that the templates with names of a pattern import, and the classes that they define."""
    found: set[str] = set()
    for path in _TEMPLATES.glob(pattern):
        text = re.sub(r"{[{%].*?[%}]}", "", path.read_text(encoding="utf-8"))
        for names in re.findall(r"^ *(?:from [\w.]+ )?import (.+)$", text, re.MULTILINE):
            found.update(re.findall(r"\w+", names))
        found.update(re.findall(r"^class (\w+)", text, re.MULTILINE))
    return found


# What an operation's module and the clients' methods call by these names, which an argument would hide.
MODULE_NAMES = {"body", "request", "response", "self", "timezone", *_template_names("endpoint_module*")}
# The classes of the templates, which one of a document would hide.
CLASS_NAMES = {name for name in _template_names("*.jinja") if name[0].isupper()}
# What the module of a model calls by this name, which a field's default would hide.
FIELD_NAMES = {"attrs"}
# What an error has by this name, whatever its body holds.
ERROR_ATTRIBUTES = {
    *("add_note", "args", "content", "headers", "is_safe_to_retry", "operation", "retry_after", "status_code"),
    "with_traceback",
}
# What openapi-python-client calls an argument by a name of its own.
UPSTREAM_ARGUMENTS = {"client", "url"}


def python_name(name: str) -> str:
    """The name of an operation, field or parameter in Python, in the form in which Python reads it."""
    return unicodedata.normalize("NFKC", PythonIdentifier(name, prefix="field_"))


def class_overrides(document: Document, reserved: Set[str]) -> dict[str, ClassOverride]:
    """Other names for the classes of schemas that would hide another class, or share its module."""
    overrides = {name: _called(f"{name}Model") for name in reserved}
    taken = set(reserved)
    modules: set[str] = set()
    for name in dict.fromkeys(
        ClassName(name, "field_") for name in document.data.get("components", {}).get("schemas", {})
    ):
        candidates = itertools.chain([name, f"{name}Model"], (f"{name}Model{number}" for number in itertools.count(2)))
        free = next(each for each in candidates if each not in taken and python_name(each) not in modules)
        if free != name:
            overrides[name] = _called(free)
        taken.add(free)
        modules.add(python_name(free))
    return overrides


def _called(name: str) -> ClassOverride:
    return ClassOverride.model_validate({"class_name": name})


def argument_name(name: str, where: str, taken: Container[str]) -> str:
    """The name of an argument, which differs from those `taken` by a suffix that tells where it is sent: query, header or body."""
    wanted = python_name(name)
    wanted = f"{wanted}_" if wanted in MODULE_NAMES else wanted
    suffixed = f"{wanted.rstrip('_')}_{where}"
    candidates = itertools.chain([wanted, suffixed], _candidates(suffixed))
    return next(free for free in candidates if free not in taken)


def _candidates(name: str) -> Iterator[str]:
    return (f"{name}_{number}" for number in itertools.count(2))


def enum_names(values: list[str]) -> list[str]:
    """The names of an enum's texts: made of the texts alone where they can be, so that they stay when another is added."""
    names: list[str] = []
    for value in values:
        words = snake_case(value.upper()).upper()
        name = unicodedata.normalize(
            "NFKC", words if value[:1].isalpha() and words.isidentifier() else f"VALUE_{words}"
        )
        if not name.isidentifier() or name == "VALUE_":
            name = f"VALUE_{len(names)}"
        names.append(next(free for free in itertools.chain([name], _candidates(name)) if free not in names))
    return names


class Renamed:
    """A document as openapi-python-client is to read it: with nothing that it would leave out, or give a wrong name.

    Attributes:
        data: The document, with another name for all but one of the fields of an object, or of the parameters of an
            operation, that have one name in Python.
    """

    def __init__(self, document: Document, overrides: Mapping[str, ClassOverride]) -> None:
        self._originals: dict[str, str] = {}
        self.data = copy.deepcopy(document.data)
        copied = attrs.evolve(document, data=self.data)
        schemas = [schema for _, schema in copied.schemas()]
        self._taken = {name for schema in schemas for name in schema.get("properties", {})}
        self._taken |= {
            part.value["name"] for part in copied.parts if part.kind == "parameter" and "name" in part.value
        }
        self._errors = [part for body in copied.error_bodies() for part in copied.parts_of(body)]
        for schema in schemas:
            self._rename(schema)
            _spell_out(copied, schema)
        for schema in schemas:
            if TAG in schema:
                # an object whose fields are the kinds: it gets a class of its own, where upstream would only list them
                kinds = {f"kind_{index}": kind for index, kind in enumerate(schema.pop("oneOf"))}
                schema.update({"type": "object", "additionalProperties": False, "properties": kinds})
        for pointer, operation in copied.operations():
            operation["parameters"] = self._parameters(copied.parameters(pointer))
            for key in {"operationId"} & set(operation):
                operation[key] = unicodedata.normalize("NFKC", operation[key])
            operation["tags"] = [unicodedata.normalize("NFKC", tag) for tag in operation.get("tags", [])] or ["default"]

        for item in self.data.get("paths", {}).values():
            item.pop("parameters", None)
        _Classes(copied, overrides)

    def original(self, name: str) -> str:
        """The name in the document of a field or a parameter that is called `name` in `data`."""
        return self._originals.get(name, name)

    def _parameters(self, parameters: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """An operation's parameters, with other names for those that collide in Python with one before them."""
        used = {*UPSTREAM_ARGUMENTS, *(python_name(each["name"]) for each in parameters if each["in"] == "path")}
        found: list[dict[str, Any]] = []
        for parameter in parameters:
            name = parameter["name"]
            if parameter["in"] != "path" and python_name(name) in used:
                name = self._renamed(name, (each for each in _candidates(python_name(name)) if each not in used))
            found.append({**parameter, "name": name})
            used.add(python_name(name))
        return found

    def _rename(self, schema: dict[str, Any]) -> None:
        names = self._new_names(schema)
        if names:
            schema["properties"] = {names.get(name, name): field for name, field in schema["properties"].items()}
            schema["required"] = [names.get(name, name) for name in schema.get("required", [])]

    def _new_names(self, schema: dict[str, Any]) -> dict[str, str]:
        """New names for the fields that collide with one before them, or with one that needs no conversion."""
        names: dict[str, str] = {}
        is_error = any(schema is part for part in self._errors)
        taken = FIELD_NAMES | (ERROR_ATTRIBUTES if is_error else set())
        used = {name for name in schema.get("properties", {}) if python_name(name) == name}
        for name in schema.get("properties", {}):
            wanted = python_name(name)
            if (wanted != name and wanted in used) or wanted in taken:
                candidates = itertools.chain([f"{wanted}_field"] * (wanted in taken), _candidates(wanted))
                names[name] = self._renamed(name, candidates)
            used.add(wanted)
        return names

    def _renamed(self, name: str, candidates: Iterable[str]) -> str:
        """Another name for a field or a parameter: the same one wherever it is needed."""
        new = next(free for free in candidates if free not in self._taken or self._originals.get(free) == name)
        self._taken.add(new)
        self._originals[new] = name
        return new


class _Classes:
    """Gives a title to each schema whose class would have the name of another: openapi-python-client makes the name of it."""

    def __init__(self, document: Document, overrides: Mapping[str, ClassOverride]) -> None:
        self._overrides = overrides
        schemas = document.data.get("components", {}).get("schemas", {})
        # the values of an enum: two that have the same ones are one class
        self._found: dict[str, Any] = {self._class(name): schema.get("enum") for name, schema in schemas.items()}
        for name, schema in schemas.items():
            self._add(schema, name, "")
        for _, operation in document.operations():
            parent = python_name(operation["operationId"])
            for parameter in operation["parameters"]:
                self._add(parameter["schema"], parameter["name"], parent)
            holders = {"body": operation.get("requestBody", {})}
            holders |= {f"response_{status}": response for status, response in operation["responses"].items()}
            for name, holder in holders.items():
                for media in document.resolve(holder).get("content", {}).values():
                    self._add(media["schema"], name, parent)

    def _class(self, name: str, parent: str = "") -> str:
        found = ClassName(f"{pascal_case(parent)}{pascal_case(name)}" if parent else name, "field_")
        return str(self._overrides[found].class_name if found in self._overrides else found)

    def _add(self, schema: Any, name: str, parent: str) -> None:
        """Add the classes of a schema with a name, and of those in it."""
        choices = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
        parts = [*schema.get("allOf", []), *choices]
        if "$ref" in schema or (len(parts) == 1 and "$ref" in parts[0]):
            return
        kinds = [schema.get("type")] if isinstance(schema.get("type"), str) else schema.get("type", [])
        is_object = "object" in kinds or "allOf" in schema or ("properties" in schema and not kinds)
        if len(kinds) > 1 and "object" in kinds and "enum" not in schema:
            name = f"{name}_type_{kinds.index('object')}"
        if parent and (is_object or ("enum" in schema and "boolean" not in kinds)):
            name = self._unique(schema, name, parent)
        for index, part in enumerate(choices):
            self._add(part, f"{name}_type_{index}", parent)
        if "items" in schema:
            self._add(schema["items"], f"{name}_item", parent)
        own = self._class(name, parent)
        for part in [schema, *schema.get("allOf", [])]:
            for field, inner in part.get("properties", {}).items():
                self._add(inner, field, own)
        if isinstance(schema.get("additionalProperties"), dict):
            self._add(schema["additionalProperties"], "AdditionalProperty", own)

    def _unique(self, schema: dict[str, Any], name: str, parent: str) -> str:
        """The name, or another one that becomes a title, whose class is that of no other schema."""
        values = schema.get("enum")
        for title in itertools.chain([schema.get("title", name)], _candidates(name)):
            found = self._class(title, parent)
            if found not in self._found or (values and self._found[found] == values):
                break
        self._found[found] = values
        if title != name:
            schema["title"] = title
        return str(title)


def _spell_out(document: Document, schema: dict[str, Any]) -> None:
    """Write a schema so that openapi-python-client sees all of it."""
    schema.pop("title", None)  # it would name the class
    if "$ref" in schema and len(schema) > 1:
        schema["allOf"] = [{"$ref": schema.pop("$ref")}]
    elif "allOf" in schema and {"properties", "required"} & set(schema):
        own: dict[str, Any] = {key: schema.pop(key) for key in ("properties", "required") if key in schema}
        schema["allOf"].append({"type": "object", **own})
    if "array" in kinds_of(schema):
        schema.setdefault("items", {})
    default = schema.get("default")
    for key in ("oneOf", "anyOf", "type"):
        if default is not None and isinstance(schema.get(key), list):  # the first that can take a default takes it
            schema[key].sort(key=lambda part: not _suits(document, part, default))
    if None in schema.get("enum", []) and schema["enum"] != [None]:
        schema = _split_off_null(schema)
    values = [value for value in schema.get("enum", []) if value is not None]
    if values and "x-enum-varnames" not in schema and all(isinstance(value, str) for value in values):
        schema["x-enum-varnames"] = enum_names(values)


def _split_off_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Make an enum with a null a choice between null and an enum, which is returned."""
    at = schema["enum"].index(None)
    enum: dict[str, Any] = {
        key: schema.pop(key) for key in list(schema) if key in {"enum", "type"} or key.startswith("x-enum-")
    }
    for key in enum.keys() - {"type"}:
        enum[key] = [*enum[key][:at], *enum[key][at + 1 :]]
    enum["type"] = "string" if isinstance(enum["enum"][0], str) else "integer"
    schema["oneOf"] = [enum, {"type": "null"}]
    return enum


def _suits(document: Document, part: Any, value: Any) -> bool:
    """Whether a value is of a type, or of that of a schema."""
    schema = document.resolve(part)
    schema = schema if isinstance(schema, dict) else {"type": schema}
    if value in schema.get("enum", []):
        return True
    return schema.get("type") == {str: "string", bool: "boolean", int: "integer", float: "number"}.get(type(value))
