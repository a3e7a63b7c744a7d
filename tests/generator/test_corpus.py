"""Small documents in the manner of public SMS vendors: each makes a client that is strictly typed, and sends and reads all of it.

Every operation is called with what is needed alone, with all there is, and with null wherever it may stand, against a server
made from the same document.
"""

import asyncio
import contextlib
import datetime
import enum
import importlib.util
import inspect
import io
import json
import re
import subprocess
import sys
import types
import typing
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import attrs
import httpx
import pytest
from generator import cli
from generator.document import Document, load
from generator.names import argument_name, python_name
from generator.unsupported import incoming
from jsonschema_rs import Draft202012Validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .commands import PACKAGE

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.yaml"))
MODES = ("minimal", "full", "null")
TEXTS: dict[str, str] = {
    "date-time": "2030-01-02T03:04:05Z",
    "date": "2030-01-02",
    "uuid": "12345678-1234-5678-1234-567812345678",
}


def _generate_all(folder: Path) -> None:
    for document in CORPUS:
        with contextlib.redirect_stdout(io.StringIO()):
            assert cli.main(["--document", str(document), "--output", str(folder / "out")]) == 0
        (folder / "out" / PACKAGE).rename(folder / document.stem)
    (folder / "out").rmdir()


@pytest.fixture(scope="module")
def clients(made_once: Callable[..., Path]) -> Iterator[Path]:
    """A folder with a package for each document, called as it is."""
    yield made_once("clients", _generate_all)
    for name in [name for name in sys.modules if name.partition(".")[0] in {path.stem for path in CORPUS}]:
        del sys.modules[name]


def test_all_clients_are_strictly_typed(clients: Path) -> None:
    (clients / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": [path.stem for path in CORPUS]})
    )
    mypy = ["mypy", "--strict", "--config-file", "", "--no-incremental", *(path.stem for path in CORPUS)]
    for checker in (mypy, ["pyright", "--pythonpath", sys.executable, "-p", "pyrightconfig.json"]):
        done = subprocess.run([sys.executable, "-P", "-m", *checker], cwd=clients, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_operation_sends_and_reads_what_the_document_says(clients: Path, path: Path) -> None:
    server = Server(load(path))
    package = _import(clients, path.stem)
    asyncio.run(call_all(server, package))


def test_every_payload_that_servers_send_is_decoded(clients: Path) -> None:
    decoded: set[str] = set()
    for path in CORPUS:
        document = load(path)
        package = None
        for name, _, pointer in incoming(document):
            package = package or _import(clients, path.stem)
            schema = _json_schema(document.resolve(document.at((*pointer, "requestBody"))))
            for mode in MODES:
                payload = example(document, schema, mode)
                assert plain(getattr(package, python_name(f"decode_{name}"))(json.dumps(payload).encode())) == stripped(
                    payload
                )
            decoded.add(name)
    assert len(decoded) >= 3


async def call_all(server: "Server", package: Any) -> None:
    transport = httpx.ASGITransport(server.app)
    for (pointer, operation), mode in ((one, mode) for one in server.document.operations() for mode in MODES):
        async with package.AsyncSmsScheduler("name:key", transport=transport, max_retries=0) as client:
            method = getattr(client, python_name(operation["operationId"]))
            values = server.values(pointer, mode)
            body = server.body(operation, mode)
            arguments = _arguments(method, server.keys(pointer), values, body)
            body_sent = server.with_defaults(operation, body) if pointer[2] != "patch" else body
            for status in operation["responses"]:
                server.expect(pointer, mode, status)
                if status.startswith("2"):
                    result = await _called(method, arguments)
                    assert plain(result) == stripped(server.answer), (pointer, mode, status)
                else:
                    with pytest.raises(package.ApiError) as caught:
                        await _called(method, arguments)
                    assert json.loads(caught.value.content or b"null") == server.answer
                    for name, value in server.answer.items() if server.answer_has_fields else ():
                        assert plain(getattr(caught.value, python_name(name))) == stripped(value)
                assert server.received == ({**server.defaults(pointer), **values}, body_sent), (pointer, mode, status)


async def _called(method: Any, arguments: Mapping[str, Any]) -> Any:
    kind = (
        pytest.warns(DeprecationWarning, match="is deprecated")
        if "Deprecated." in method.__doc__
        else contextlib.nullcontext()
    )
    with kind:
        return await method(**arguments)


def _arguments(
    method: Any, keys: Sequence[tuple[str, str]], values: Mapping[tuple[str, str], Any], body: Any
) -> dict[str, Any]:
    """The arguments for the values of parameters, by place and name, and for a body."""
    hints = typing.get_type_hints(inspect.unwrap(method))
    names: dict[tuple[str, str], str] = {}
    for place, name in keys:  # whether they are given or not
        names[place, name] = argument_name(name, place, set(names.values()))
    if "content" in hints and "content" not in names.values():  # a body that is no object
        is_optional = inspect.signature(method).parameters["content"].default is not inspect.Parameter.empty
        given = {} if body is None and is_optional else {"content": made(body, hints["content"])}
    else:
        given = {names["body", key]: made(value, hints[names["body", key]]) for key, value in (body or {}).items()}
    return given | {names[key]: made(value, hints[names[key]]) for key, value in values.items()}


@attrs.define
class Server:
    """An API as its document describes it: refuses what is not documented, and answers with examples."""

    document: Document
    answer: Any = None
    answer_has_fields: bool = False
    received: Any = None
    _expected: Any = None

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/{path:path}", self._handle, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]
        )

    def expect(self, pointer: Any, mode: str, status: str) -> None:
        """Say which operation comes next, and how it is answered."""
        response = self.document.resolve(self.document.at((*pointer, "responses", status)))
        schema = _json_schema(response)
        self.answer_has_fields = bool(self.document.properties(schema or {}))
        self.answer = None if schema is None else example(self.document, schema, mode)
        self._expected = pointer, int({"default": "306"}.get(status, status.replace("X", "7"))), schema is not None

    def keys(self, pointer: Any) -> list[tuple[str, str]]:
        """The place and the name of all parameters and of all fields of the body."""
        parameters = [(each["in"], each["name"]) for each in self.document.parameters(pointer)]
        body = self.document.resolve(self.document.at(pointer).get("requestBody")) or {"content": {}}
        schemas = [media["schema"] for kind, media in body["content"].items() if "json" in kind]
        fields = [("body", name) for schema in schemas for name in self._in_order(schema)]
        return [*sorted(parameters, key=lambda one: ("path", "query", "header").index(one[0])), *fields]

    def _in_order(self, schema: Any) -> list[str]:
        """The names of the fields of an object, required ones first."""
        required = self.document.required(schema)
        return sorted(self.document.properties(schema), key=lambda name: name not in required)

    def values(self, pointer: Any, mode: str) -> dict[tuple[str, str], Any]:
        """The values of the parameters."""
        return {
            (each["in"], each["name"]): example(self.document, each["schema"], "full")
            for each in self.document.parameters(pointer)
            if mode == "full" or each.get("required")
        }

    def defaults(self, pointer: Any) -> dict[tuple[str, str], Any]:
        """The values of the parameters that a client sends by itself."""
        schemas = {
            (each["in"], each["name"]): self.document.resolve(each["schema"])
            for each in self.document.parameters(pointer)
        }
        return {key: schema["default"] for key, schema in schemas.items() if "default" in schema}

    def body(self, operation: Any, mode: str) -> Any:
        """The body of a request, if there is one."""
        body = self.document.resolve(operation.get("requestBody"))
        if not body or (mode == "minimal" and not body.get("required")):
            return None
        return example(self.document, _json_schema(body), mode)

    def with_defaults(self, operation: Any, body: Any) -> Any:
        """A body with the defaults that a client sends by itself."""
        if not isinstance(body, dict):
            return body
        fields = self.document.properties(_json_schema(self.document.resolve(operation["requestBody"])))
        defaults = {name: field["default"] for name, field in fields.items() if "default" in field}
        return {**defaults, **body}

    async def _handle(self, request: Request) -> Response:
        pointer, status, has_body = self._expected
        operation = self.document.at(pointer)
        self.received = await self._read(request, pointer, operation)
        self._authenticate(request, operation)
        content_type = request.headers.get("accept", "")
        if not has_body:
            return Response(status_code=status)
        return JSONResponse(self.answer, status, media_type=content_type)

    async def _read(self, request: Request, pointer: Any, operation: Any) -> Any:
        """The parameters and the body of a request that is valid."""
        assert request.method == pointer[2].upper()
        template = str(pointer[1])
        found = re.fullmatch("/v1" + re.sub("{.*?}", "([^/]+)", template), request.scope["raw_path"].decode())
        assert found
        parts = dict(zip(re.findall("{(.*?)}", template), found.groups(), strict=True))
        query = [item.split("=") for item in request.url.query.split("&") if item]
        values: dict[tuple[str, str], Any] = {}
        for each in self.document.parameters(pointer):
            name = each["name"]
            raw = {
                "path": [parts[name]] if name in parts else [],
                "query": [value for key, value in query if unquote(key) == name],
                "header": request.headers.getlist(name),
            }[each["in"]]
            if raw:
                schema = self.document.resolve(each["schema"])
                if schema.get("type") == "array":
                    raw = raw if each.get("explode", True) else raw[0].split(",")
                    value: Any = [_read_text(text, self.document.resolve(schema["items"])) for text in raw]
                else:
                    value = _read_text(raw[0], schema)
                values[each["in"], name] = value
                self._validate(each["schema"], value)
        content = await request.body()
        if not content:
            return values, None
        body = self.document.resolve(operation["requestBody"])
        kind, media = next((kind, media) for kind, media in body["content"].items() if "json" in kind)
        assert request.headers["content-type"].partition(";")[0] == kind
        value = json.loads(content)
        self._validate(media["schema"], value)
        return values, value

    def _authenticate(self, request: Request, operation: Any) -> None:
        """Take a key as one of the alternatives says."""
        schemes = self.document.data["components"]["securitySchemes"]
        alternatives = operation.get("security", self.document.data.get("security"))
        keys = {
            "bearer": request.headers.get("authorization") == "Bearer name:key",
            "basic": request.headers.get("authorization") == "Basic bmFtZTprZXk=",
            "header": any(value == "name:key" for value in request.headers.values()),
            "query": "name:key" in request.query_params.values(),
            "cookie": False,
        }
        found = [schemes[name] for one in alternatives for name in one]
        assert not found or any(keys[scheme.get("in") or scheme["scheme"]] for scheme in found)

    def _validate(self, schema: Any, value: Any) -> None:
        # references lead into `components`, which so stands in the schema itself
        Draft202012Validator({**schema, "components": self.document.data["components"]}).validate(value)


def _json_schema(holder: Mapping[str, Any]) -> Any:
    """The schema of the JSON that a request or a response holds, if it does."""
    return next((media["schema"] for kind, media in holder.get("content", {}).items() if "json" in kind), None)


def _read_text(text: str, schema: Mapping[str, Any]) -> Any:
    plain_text = unquote(text)
    return (
        json.loads(plain_text)
        if schema.get("type") in ("integer", "number", "boolean")
        else plain_text.replace("+00:00", "Z")
    )


def example(document: Document, schema: Any, mode: str) -> Any:
    """A value of a schema: with what is required alone, with all that there is, or with null wherever it may stand."""
    schema = document.resolve(schema)
    choices = [*schema.get("oneOf", []), *schema.get("anyOf", [])]
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if mode == "null" and ("null" in kinds or {"type": "null"} in choices):
        return None
    choices = [choice for choice in choices if choice != {"type": "null"}]
    if choices:
        return example(document, choices[0 if mode == "minimal" else -1], mode)
    if "const" in schema:
        return schema["const"]
    values = [value for value in schema.get("enum", []) if value is not None]
    if values or "example" in schema:
        return schema["example"] if "example" in schema else values[0 if mode == "minimal" else -1]
    fields = document.properties(schema)
    if fields:
        required = document.required(schema)
        return {
            name: example(document, field, mode)
            for name, field in fields.items()
            if name in required or mode != "minimal"
        }
    kind = next((kind for kind in kinds if kind != "null"), "any")
    if kind == "array":
        return [] if mode == "minimal" else [example(document, schema.get("items", {}), mode)] * 2
    if kind == "object":
        inner = schema.get("additionalProperties", {})
        return {} if mode == "minimal" else {"a key": example(document, inner if isinstance(inner, dict) else {}, mode)}
    plain_values: dict[str, Any] = {"integer": 7, "number": 1.5, "boolean": True, "any": {"x": [1, None]}}
    return plain_values.get(kind, TEXTS.get(schema.get("format", ""), 'a text with "quotes", é and /?#'))


def made(value: Any, hint: Any) -> Any:
    """A value of a type, as a user makes it from plain data."""
    text: Any = value
    arguments: Sequence[Any] = typing.get_args(hint)
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        for part in arguments:
            with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
                return made(value, part)
    elif hint is Any:
        return value
    elif hasattr(hint, "kinds"):
        return made(value, hint.kinds[value[hint.tag]])
    elif attrs.has(hint):
        hints = typing.get_type_hints(hint)
        names = {field.metadata.get("json", field.name): field.name for field in attrs.fields(hint)}
        return hint(**{names[name]: made(item, hints[names[name]]) for name, item in value.items()})
    elif isinstance(value, list) and arguments:
        return [made(item, arguments[0]) for item in value]
    elif isinstance(value, dict) and arguments:
        return {key: made(item, arguments[-1]) for key, item in value.items()}
    elif typing.get_origin(hint) is typing.Literal and value in arguments:
        return value
    elif hint in {datetime.datetime, datetime.date}:
        return hint.fromisoformat(value)
    elif hint is uuid.UUID or (isinstance(hint, type) and issubclass(hint, enum.Enum)):
        return hint(text)
    elif (value is None and hint is type(None)) or (hint is float and isinstance(value, float)) or hint is type(value):
        return value
    raise TypeError(f"{value!r} is not a value of {hint!r}")


def plain(value: Any) -> Any:
    """What a client returned, as plain data without fields that are null or not there."""
    if attrs.has(type(value)):
        fields = [
            (field.metadata.get("json", field.name), getattr(value, field.name)) for field in attrs.fields(type(value))
        ]
        return stripped({name: plain(item) for name, item in fields if type(item).__name__ != "UnsetType"})
    if isinstance(value, Mapping):
        return stripped({key: plain(item) for key, item in value.items()})
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, datetime.date | uuid.UUID) else value


def stripped(value: Any) -> Any:
    """Plain data without fields that are null, which a client reads as those that are not there."""
    if isinstance(value, dict):
        return {key: stripped(item) for key, item in value.items() if item is not None}
    return [stripped(item) for item in value] if isinstance(value, list) else value


def _import(folder: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, folder / name / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return package
