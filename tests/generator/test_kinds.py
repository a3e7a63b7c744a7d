"""What a document may say, and the client must send and read: names, choices, defaults and enums of many kinds."""

import contextlib
import importlib.util
import inspect
import io
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from generator import cli

from .commands import PACKAGE

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
NO_CONTENT = {"204": {"description": "Done."}}
Schemas = Mapping[str, Any]
MU = "\N{GREEK SMALL LETTER MU}"  # as Python reads the micro sign
_COUNT = itertools.count()


def an_object(*required: str, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(required)}


def to(name: str, **more: Any) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", **more}


def answered(schema: Any, status: str = "200") -> dict[str, Any]:
    return {status: {"description": "An answer.", "content": {"application/json": {"schema": schema}}}}


def operation(
    name: str = "call", *, body: Any = None, parameters: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """An operation; the parameters by place and name, as `path id`."""
    found: dict[str, Any] = {"operationId": name, "tags": ["all"], "responses": NO_CONTENT, **more}
    found["parameters"] = [
        {"in": key.split(" ", 1)[0], "name": key.split(" ", 1)[1], "required": key.startswith("path"), "schema": schema}
        for key, schema in (parameters or {}).items()
    ]
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return found


@attrs.define
class Generated:
    """A generated package, and the requests that its client sent."""

    package: Any
    answer: httpx.Response = attrs.field(factory=lambda: httpx.Response(204))
    sent: list[httpx.Request] = attrs.field(factory=list)

    @property
    def client(self) -> Any:
        return self.package.SmsScheduler("key", transport=httpx.MockTransport(self._handle), max_retries=0)

    @property
    def path(self) -> str:
        """The path that the last request was sent to."""
        return self.sent[-1].url.raw_path.decode()

    @property
    def body(self) -> Any:
        """The body of the last request."""
        return json.loads(self.sent[-1].content)

    def arguments(self, name: str = "call") -> dict[str, Any]:
        """The arguments of a method with their defaults."""
        return {
            key: argument.default
            for key, argument in inspect.signature(getattr(self.package.SmsScheduler, name)).parameters.items()
            if key != "self"
        }

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.answer


Generate = Callable[..., Generated]


@pytest.fixture
def generate(tmp_path: Path) -> Iterator[Generate]:
    """Makes a client of paths and schemas, and imports it beside the committed one."""
    names: list[str] = []

    def make(paths: Mapping[str, Any], schemas: Schemas | None = None) -> Generated:
        document = {
            "openapi": "3.1.0",
            "info": {"title": "Kinds", "version": "1.0.0"},
            "servers": [{"url": "https://kinds.example/v1"}],
            "security": [{"key": []}],
            "paths": paths,
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}, "schemas": schemas or {}},
        }
        path = tmp_path / "api.json"
        path.write_text(json.dumps(document, indent=1))
        with contextlib.redirect_stderr(io.StringIO()) as err:
            assert cli.main(["--document", str(path), "--output", str(tmp_path / "out")]) == 0, err.getvalue()
        names.append(f"generated_{next(_COUNT)}")
        spec = importlib.util.spec_from_file_location(names[-1], tmp_path / "out" / PACKAGE / "__init__.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[names[-1]] = package = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
        return Generated(package)

    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        del sys.modules[name]


# Names


@pytest.mark.parametrize(
    "names", [("id", "id_segment"), ("path", "path_segment"), ("decode", "Request"), ("response", "self", "datetime")]
)
def test_parameters_named_as_what_the_client_uses(generate: Generate, names: tuple[str, ...]) -> None:
    path = "".join(f"/{{{name}}}" for name in names)
    made = generate({path: {"get": operation(parameters={f"path {name}": TEXT for name in names})}})
    made.client.call(*names)
    assert made.path == f"/v1/{'/'.join(names)}"


def test_query_parameters_and_fields_named_as_what_the_client_uses(generate: Generate) -> None:
    names = ["query_items", "encode", "Errors", "httpx", "header_items", "body", "UUID", "attrs", "uuid", "re"]
    body = an_object(**{f"{name}": TEXT for name in names})
    made = generate({"/a": {"post": operation(body=body, parameters={f"query {name}": TEXT for name in names})}})
    arguments = made.arguments()
    assert len(arguments) == 2 * len(names)
    made.client.call(**{name: name for name in arguments})
    assert set(made.body) == set(names)
    assert set(made.sent[-1].url.params) == set(names)


@pytest.mark.parametrize(
    "name", ["Response", "Settings", "Any", "UUID", "Waiting", "NotFoundError", "SmsScheduler", "ApiError", "Exception"]
)
def test_schemas_named_as_what_the_client_uses(generate: Generate, name: str) -> None:
    schema = an_object(
        "uuid",
        uuid={"type": "string", "format": "uuid"},
        attrs={**TEXT, "default": "first"},
        other={**TEXT, "default": "second"},
    )
    responses = {**answered(to(name)), "404": {"description": "None."}, "501": {"description": "Not made."}}
    made = generate({"/a": {"post": operation(body=an_object(x=to(name)), responses=responses)}}, {name: schema})
    sent = {"uuid": "12345678-1234-5678-1234-567812345678", "attrs": "A", "other": "B"}
    made.answer = httpx.Response(200, json=sent)
    received = made.client.call()
    assert (str(received.uuid), received.attrs_field, received.other) == tuple(sent.values())
    made.client.call(x=received)
    assert made.body == {"x": sent}
    made.answer = httpx.Response(501)
    with pytest.raises(made.package.UnimplementedError):
        made.client.call()


def test_classes_that_would_share_a_module(generate: Generate) -> None:
    names = ["HTTPLog", "HttpLog", "http_log2", "HTTPLogModel"]
    schemas = {name: an_object(**{f"f{index}": TEXT}) for index, name in enumerate(names)}
    answer = an_object(**{f"f{index}": to(name) for index, name in enumerate(names)})
    made = generate({"/a": {"get": operation(responses=answered(answer))}}, schemas)
    made.answer = httpx.Response(200, json={f"f{index}": {f"f{index}": "x"} for index in range(len(names))})
    received = made.client.call()
    assert [getattr(getattr(received, f"f{index}"), f"f{index}") for index in range(len(names))] == ["x"] * len(names)


def test_names_that_python_reads_in_another_form(generate: Generate) -> None:
    fields = {"µg": NUMBER, f"{MU}g": TEXT, "ﬁ": TEXT, "ª": TEXT}
    schema = an_object(**fields)
    made = generate(
        {"/a": {"post": operation("doµ", body=schema, parameters={"query µ": TEXT}, responses=answered(schema), tags=["µ"])}}
    )  # fmt: skip
    values = {"µg": 1.5, f"{MU}g": "x", "ﬁ": "y", "ª": "z"}
    made.answer = httpx.Response(200, json=values)
    named = {MU: "q", f"{MU}g_2": 1.5, f"{MU}g": "x", "fi": "y", "a": "z"}
    received = getattr(made.client, f"do{MU}")(**named)
    assert (made.body, dict(made.sent[-1].url.params)) == (values, {"µ": "q"})
    read = dict(zip([f"{MU}g_2", f"{MU}g", "fi", "a"], values.values(), strict=True))  # in the form that Python reads
    assert attrs.asdict(received) == read


def test_operations_named_as_types(generate: Generate) -> None:
    names = ["list", "type", "uuid", "datetime", "httpx", "functools"]
    responses = answered({"type": "array", "items": {"type": "string", "format": "date"}})
    made = generate({f"/{name}": {"get": operation(name, responses=responses)} for name in names})
    made.answer = httpx.Response(200, json=["2030-01-02"])
    for name in ["list_", "type_", "uuid", "datetime_", "httpx", "functools"]:
        assert getattr(made.client, name)()[0].year == 2030


# Values


def test_a_literal_beside_an_object_whose_fields_are_renamed(generate: Generate) -> None:
    choice = {"oneOf": [{"const": "none"}, to("Owner")]}
    made = generate(
        {"/a": {"get": operation(responses=answered(an_object(x=choice)))}}, {"Owner": an_object(theName=TEXT)}
    )
    made.answer = httpx.Response(200, json={"x": {"theName": "Ann"}})
    assert made.client.call().x.the_name == "Ann"
    made.answer = httpx.Response(200, json={"x": "none"})
    assert made.client.call().x == "none"


DEFAULTS: list[tuple[dict[str, Any], Any]] = [
    ({"type": ["string", "integer"]}, 5),
    ({"type": ["integer", "string"]}, 'a"b\\c'),
    ({"anyOf": [TEXT, {"type": "boolean"}]}, True),
    ({"oneOf": [NUMBER, TEXT]}, "1.5"),
    ({"oneOf": [to("Switch"), {"type": "integer"}]}, "off"),
    ({"type": ["string", "null"]}, 'it\'s "so"'),
    ({"type": ["null", "integer"]}, 3),
    (TEXT, "{braces} \\ ' \""),
    ({"type": "string", "format": "uuid"}, "12345678-1234-5678-1234-567812345678"),
    (to("Switch"), "off"),
]


def test_defaults_keep_their_type(generate: Generate) -> None:
    fields = {f"f{index}": {**schema, "default": default} for index, (schema, default) in enumerate(DEFAULTS)}
    made = generate(
        {"/a": {"post": operation(body=an_object(**fields))}}, {"Switch": {"type": "string", "enum": ["on", "off"]}}
    )
    made.client.call()
    assert list(made.body.values()) == [default for _, default in DEFAULTS]
    assert {type(value) for value in made.arguments().values()} >= {int, str, bool}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_cannot_say_is_refused(generate: Generate, value: float) -> None:
    body = an_object(x=NUMBER, y={"type": "array", "items": NUMBER}, z={}, o=an_object(q=NUMBER))
    made = generate({"/a/{n}": {"post": operation(body=body, parameters={"path n": NUMBER, "query p": NUMBER})}})
    inner = made.package.CallBodyO(q=value)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"x": value}, "x"),
        ({"y": [1.5, value]}, "y[1]"),
        ({"z": {"k": [value]}}, "z['k'][0]"),
        ({"o": inner}, "o.q"),
        ({"p": value}, "p"),
        ({"n": value}, "n"),
    ]
    for arguments, place in cases:
        with pytest.raises(ValueError, match="expected a finite number") as caught:
            made.client.call(**{"n": 1.5, **arguments})
        assert str(caught.value).startswith(f"{place}: ")
    assert not made.sent


def test_what_is_said_beside_a_reference(generate: Generate) -> None:
    switch = {"type": "string", "enum": ["on", "off"], "description": "A switch."}
    schema = an_object(a=to("Switch", description="Own words.", default="off"), b=to("Switch"))
    made = generate({"/a": {"post": operation(body=schema, responses=answered(schema))}}, {"Switch": switch})
    made.answer = httpx.Response(200, json={})
    received = made.client.call()
    assert made.body == {"a": "off"}
    assert (received.a, received.b) == ("off", None)
    for documented in (made.package.SmsScheduler.call, type(received)):
        assert "a: Own words.\n" in str(documented.__doc__)
        assert "b: A switch.\n" in str(documented.__doc__)


def test_required_beside_all_of(generate: Generate) -> None:
    base = an_object(x=TEXT, y=TEXT)
    schemas = {
        "Base": base,
        "One": {"allOf": [to("Base")], "required": ["y"]},
        "Two": {"allOf": [to("One"), an_object(z=TEXT)], "required": ["z", "x"]},
        "Three": {"allOf": [to("Base")], "properties": {"own": TEXT}},
    }
    answer = an_object(one=to("One"), two=to("Two"), three=to("Three"))
    made = generate(
        {"/a": {"post": operation(body={"allOf": [to("Base")], "required": ["x"]}, responses=answered(answer))}},
        schemas,
    )
    assert made.arguments() == {"x": inspect.Parameter.empty, "y": None}
    required = {
        name: {field.name for field in attrs.fields(getattr(made.package, name)) if field.default is attrs.NOTHING}
        for name in ("One", "Two", "Three")
    }
    assert required == {"One": {"y"}, "Two": {"x", "y", "z"}, "Three": set()}
    assert {field.name for field in attrs.fields(made.package.Three)} == {"x", "y", "own"}


def test_enums_of_texts_that_are_no_names(generate: Generate) -> None:
    values = ["1", "2", "Sent", "sent", "a-b", "a_b", "+1", "-1", "", "µ", "1.5", "x y", "for"]
    schemas = {
        "Of": {"type": "string", "enum": values},
        "Or": {
            "type": ["string", "null"],
            "enum": ["a", None, "b"],
            "x-enum-descriptions": ["An A.", "Nothing.", "A B."],
            "x-enum-final": [True, True, False],
            "x-enum-varnames": ["FIRST", "NONE", "SECOND"],
        },
    }
    made = generate({"/a": {"get": operation(responses=answered(an_object(a=to("Of"), b=to("Or"))))}}, schemas)
    assert [member.value for member in made.package.Of] == values
    assert [made.package.Of(value).name for value in ("1", "2", "sent")] == ["VALUE_1", "VALUE_2", "SENT_2"]
    for value in values:
        made.answer = httpx.Response(200, json={"a": value, "b": None})
        assert made.client.call().a is made.package.Of(value)
        assert made.client.call().b is None
    made.answer = httpx.Response(200, json={"b": "b"})
    second = made.client.call().b
    assert (second.name, second.description, second.is_final) == ("SECOND", "A B.", False)


# Parts


def test_errors_that_hold_objects(generate: Generate) -> None:
    fields: dict[str, Any] = {
        "first": to("Detail"),
        "all": {"type": "array", "items": to("Detail")},
        "kind": {"enum": ["a"], **TEXT},
    }
    fields |= {"id": {"type": "string", "format": "uuid"}, "version": {"const": "v1"}}
    responses = {**NO_CONTENT, **answered(an_object(**fields), "400")}
    made = generate(
        {"/a": {"get": operation(responses=responses)}}, {"Detail": an_object(theCode={"type": "integer"}, text=TEXT)}
    )
    made.answer = httpx.Response(
        400, json={"first": {"theCode": 5, "text": "no"}, "all": [{"theCode": 6}], "kind": "a", "version": "v1"}
    )
    with pytest.raises(made.package.BadRequestError) as caught:
        made.client.call()
    error = caught.value
    assert (error.first.the_code, error.all_[0].the_code, error.kind, error.version) == (5, 6, "a", "v1")


def test_a_document_without_schemas(generate: Generate) -> None:
    made = generate({"/a": {"get": operation()}})
    assert made.client.call() is None


def test_a_header_whose_name_begins_as_an_extension(generate: Generate) -> None:
    responses = {"204": {"description": "Done.", "headers": {"x-request-id": {"schema": TEXT}}}}
    made = generate({"/a": {"get": operation(responses=responses, parameters={"header x-trace": TEXT})}})
    made.client.call(x_trace="abc")
    assert made.sent[-1].headers["x-trace"] == "abc"
