"""What the mock server takes from the OpenAPI document: paths, request schemas and status codes."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import jsonschema_rs

OPENAPI = Path(__file__).with_name("openapi.json")
_JSON = "application/json"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Document:
    """An OpenAPI document in JSON, read for what a server needs of it.

    Raises OSError if the file cannot be read, ValueError if it is not a document to serve from.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._root = json.loads(path.read_bytes())
        except ValueError as error:
            advice = f"make JSON of YAML, as with: yq -o json {path.name} > openapi.json"
            raise ValueError(f"{path} is not JSON ({error}); {advice}") from None

    def at(self, pointer: str) -> Any:
        """The value at a JSON pointer such as `#/components/schemas/SmsStatus`."""
        value = self._root
        for part in pointer.removeprefix("#/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key) if isinstance(value, list) else key]
            except (LookupError, TypeError, ValueError):
                raise ValueError(f"{self.path} has nothing at {pointer}") from None
        return value

    def resolve(self, node: Any) -> Any:
        """`node` itself, or what its `$ref` leads to."""
        while "$ref" in node:
            node = self.at(node["$ref"])
        return node

    def served_at(self, url: str) -> dict[str, Any]:
        """The document as it is, but for a server whose base URL is this one and the only one."""
        return {**self._root, "servers": [{"url": url}]}

    @property
    def base_path(self) -> str:
        """The path that every server of the document puts before those of the operations."""
        url: str = self.at("#/servers/0/url")
        return urlsplit(url).path.rstrip("/")

    @property
    def operations(self) -> dict[str, dict[str, str]]:
        """By path and HTTP method, the name (operationId) of each operation."""
        return {
            path: {
                method.upper(): item[method].get("operationId", f"{method} {path}")
                for method in _METHODS
                if method in item
            }
            for path, item in self.at("#/paths").items()
        }

    @property
    def operation_names(self) -> list[str]:
        """The names of all operations."""
        return [name for methods in self.operations.values() for name in methods.values()]

    @property
    def statuses(self) -> dict[str, int]:
        """The codes that an SMS can report, by name."""
        schema = "#/components/schemas/SmsStatus"
        names, codes = self.at(f"{schema}/x-enum-varnames"), self.at(f"{schema}/enum")
        return dict(zip(names, codes, strict=True))

    def query_parameters(self, operation_id: str) -> "dict[str, Schema]":
        """The schema of each parameter that an operation takes in the query, by name."""
        for path, methods in self.operations.items():
            for method, name in methods.items():
                if name == operation_id:
                    parameters = map(self.resolve, self.at("#/paths")[path][method.lower()].get("parameters", []))
                    return {p["name"]: Schema(self, p["schema"]) for p in parameters if p["in"] == "query"}
        return {}

    def request_schema(self, operation_id: str) -> "RequestSchema | None":
        """The schema of an operation's JSON body, or None if there is no such operation or it takes none."""
        for path, methods in self.operations.items():
            for method, name in methods.items():
                if name == operation_id:
                    operation = self.at(f"#/paths/{path.replace('~', '~0').replace('/', '~1')}/{method.lower()}")
                    content = self.resolve(operation.get("requestBody", {})).get("content", {})
                    return RequestSchema(self, content[_JSON]["schema"]) if _JSON in content else None
        return None


def _refuse_to_fetch(uri: str) -> NoReturn:
    raise ValueError(f"it refers to {uri}, and nothing is fetched")


class Schema:
    """A schema of a document, with its references at hand."""

    def __init__(self, document: Document, schema: Mapping[str, Any]) -> None:
        components = {"schemas": document.at("#/components/schemas")}
        whole = {**schema, "components": components}
        try:
            self._validator = jsonschema_rs.Draft202012Validator(whole, retriever=_refuse_to_fetch)
        except ValueError as error:
            raise ValueError(f"{document.path} has a schema that cannot be used: {error}") from None

    def errors(self, value: object) -> list[jsonschema_rs.ValidationError]:
        """Everything in a value that the schema forbids.

        Raises ValueError for what no schema can check: JSON nested hundreds of levels deep.
        """
        return list(self._validator.iter_errors(value))

    def takes(self, value: object) -> bool:
        """Whether a value is as the schema says."""
        return self._validator.is_valid(value)


class RequestSchema(Schema):
    """The schema of a JSON request body."""

    def __init__(self, document: Document, schema: Mapping[str, Any]) -> None:
        super().__init__(document, schema)
        self._document = document
        self._properties: Mapping[str, Any] = document.resolve(schema).get("properties", {})

    def datetime_format(self, field: str) -> str | None:
        """The strftime format of a field that carries a date and time."""
        form: str | None = self._document.resolve(self._properties[field]).get("x-datetime-format")
        return form

    def type_of(self, field: str) -> str:
        """What the schema wants in a field, in the words of the vendor's error messages."""
        schema = self._document.resolve(self._properties[field])
        branches = [self._document.resolve(branch) for branch in schema.get("oneOf") or schema.get("anyOf") or [schema]]
        for branch in branches:
            if branch["type"] == "array":
                return f'a list of type "{self._document.resolve(branch["items"])["type"]}"'
        types = [branch["type"] for branch in branches]
        names = itertools.chain.from_iterable([t] if isinstance(t, str) else t for t in types)
        return "a value of type " + " or ".join(f'"{name}"' for name in names)
