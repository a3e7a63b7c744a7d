"""See that openapi.yaml says all that its readers need, beyond what the generator asks of any document.

What is no valid OpenAPI, every example that contradicts its schema and every unknown extension is named by `read`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .checks import ENUM_LISTS, EXTENSIONS, read
from .document import Document, DocumentError, Mistake
from .source import Pointer

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Run the command on a document, by default openapi.yaml; the result is the exit code."""
    path = Path(arguments[0]) if arguments else ROOT / "openapi.yaml"
    try:
        document = read(path)
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 1
    mistakes = list(quality(document))
    if mistakes:
        print(document.describe(mistakes), file=sys.stderr)
    return 1 if mistakes else 0


def quality(document: Document) -> Iterator[Mistake]:
    """All that is missing in a document that can be read."""
    for pointer, operation in document.operations():
        yield from _operation(document, pointer, operation)
    for pointer, schema in document.schemas():
        yield from _schema(document, pointer, schema)
    for part in document.parts:
        for key in part.value if isinstance(part.value, dict) else ():
            if str(key).startswith("x-") and key not in EXTENSIONS:
                problem = f"unknown extension; known are {', '.join(sorted(EXTENSIONS))}"
                yield Mistake((*part.pointer, key), problem)
    yield from _tags(document)
    for name, scheme in document.data.get("components", {}).get("securitySchemes", {}).items():
        yield from _described(("components", "securitySchemes", name), scheme)


def _operation(document: Document, pointer: Pointer, operation: dict[str, Any]) -> Iterator[Mistake]:
    if not str(operation.get("summary", "")).strip():
        yield Mistake(pointer, "expected a `summary`, the first line of the method's docstring")
    if not re.fullmatch(r"[a-z]+([A-Z][a-z0-9]+)*", operation["operationId"]):
        yield Mistake((*pointer, "operationId"), "expected an operationId in camelCase, such as getLamp")
    if len(operation.get("tags", [])) != 1:
        yield Mistake(pointer, "expected one tag in `tags`, which names the module")
    for parameter in document.parameters(pointer):
        yield from _described(pointer, parameter, f"the parameter {parameter['name']}: ")
    for status, response in operation["responses"].items():
        yield from _described((*pointer, "responses", status), document.resolve(response))


def _schema(document: Document, pointer: Pointer, schema: dict[str, Any]) -> Iterator[Mistake]:
    for name, field in schema.get("properties", {}).items():
        yield from _described((*pointer, "properties", name), {**document.resolve(field), **field})
    if pointer[:-1] == ("components", "schemas"):
        yield from _described(pointer, schema)
    is_named = "enum" in schema and schema.get("type") == "integer"
    for key in ENUM_LISTS:
        if is_named and key not in schema:
            yield Mistake((*pointer, "enum"), f"expected {key} beside it: a number does not say what it stands for")


def _tags(document: Document) -> Iterator[Mistake]:
    declared = {tag["name"]: index for index, tag in enumerate(document.data.get("tags", []))}
    used = {tag: pointer for pointer, operation in document.operations() for tag in operation.get("tags", [])}
    for tag, pointer in used.items():
        if tag not in declared:
            yield Mistake((*pointer, "tags"), f"the tag {tag} is not declared in the document's `tags`")
    for tag, index in declared.items():
        if tag not in used:
            yield Mistake(("tags", index), f"no operation has the tag {tag}")
        yield from _described(("tags", index), document.data["tags"][index])


def _described(pointer: Pointer, part: dict[str, Any], what: str = "") -> Iterator[Mistake]:
    if not str(part.get("description", "")).strip():
        yield Mistake(pointer, f"{what}expected a `description`")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
