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

    def make(paths: Mapping[str, Any], schemas: Schemas | None = None, **more: Any) -> Generated:
        document = {
            "openapi": "3.1.0",
            "info": {"title": "Kinds", "version": "1.0.0"},
            "servers": [{"url": "https://kinds.example/v1"}],
            "security": [{"key": []}],
            "paths": paths,
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}, "schemas": schemas or {}},
            **more,
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
    "names",
    [
        ("query DateCreated", "query DateCreated<", "query DateCreated>", "header date-created"),
        ("query a.b", "query a-b", "query a_b", "query a_b_2", "query aB", "query a_b_query"),
        ("query client", "query client_query", "query Client", "query url", "header url"),
    ],
)
def test_parameters_with_one_name_in_python(generate: Generate, names: tuple[str, ...]) -> None:
    parameters = {name: {**TEXT, "enum": [f"v{index}", "other"]} for index, name in enumerate(names)}
    made = generate({"/a": {"get": operation(parameters=parameters)}})
    arguments = made.arguments()
    made.client.call(**{name: f"v{index}" for index, name in enumerate(arguments)})
    request = made.sent[0]
    sent = [
        (request.headers if place == "header" else request.url.params)[name] for place, name in map(str.split, names)
    ]
    assert sent == [f"v{index}" for index in range(len(names))]


def test_a_parameter_of_an_operation_replaces_that_of_its_path(generate: Generate) -> None:
    item = {"parameters": [{"in": "query", "name": name, "schema": TEXT} for name in ("a.b", "c")]}
    made = generate({"/a": {**item, "get": operation(parameters={"query a-b": TEXT, "query c": NUMBER})}})
    made.client.call(a_b="1", c=2.5, a_b_query="3")
    assert dict(made.sent[0].url.params) == {"a-b": "1", "c": "2.5", "a.b": "3"}


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


NARROWED: list[tuple[Any, Any]] = [
    ({"const": "sms"}, "sms"),
    ({**TEXT, "enum": ["sms"]}, "sms"),
    ({**TEXT, "format": "date-time"}, "2030-01-02T03:04:05Z"),
    ({**TEXT, "description": "The same."}, "x"),
]


@pytest.mark.parametrize(("field", "value"), NARROWED)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_field_that_a_part_narrows(generate: Generate, field: Any, value: Any, is_first: bool) -> None:
    parts = [to("Base"), an_object("kind", kind=field, row=an_object(x=TEXT))]
    schemas = {"Base": an_object("id", kind=TEXT, id=NUMBER), "Whole": {"allOf": parts if is_first else parts[::-1]}}
    made = generate(
        {"/a": {"post": operation(body=an_object(x=to("Whole")), responses=answered(to("Whole")))}}, schemas
    )
    sent = {"kind": value, "id": 1.5, "row": {"x": "y"}}
    made.answer = httpx.Response(200, json=sent)
    received = made.client.call()
    made.client.call(x=received)
    assert made.body == {"x": sent}
    for wrong in ({"id": 1.5}, {"id": 1.5, "kind": 5}, {"kind": value}):
        made.answer = httpx.Response(200, json=wrong)
        with pytest.raises(made.package.InvalidResponseError):
            made.client.call()


def test_a_list_of_anything(generate: Generate) -> None:
    schema = an_object(x={"type": "array"}, y={"type": ["array", "null"]})
    made = generate({"/a": {"post": operation(body=schema, responses=answered(schema))}})
    made.answer = httpx.Response(200, json={"x": [1, "a", None], "y": None})
    assert made.client.call(x=[{"k": 2}], y=[]).x == [1, "a", None]
    assert made.body == {"x": [{"k": 2}], "y": []}


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


def test_errors_with_fields_named_as_their_attributes(generate: Generate) -> None:
    names = ["statusCode", "content", "headers", "args", "operation", "isSafeToRetry", "attrs"]
    schemas = {"Base": an_object(**dict.fromkeys(names[:3], TEXT))}
    error = {"allOf": [to("Base"), an_object(**dict.fromkeys(names[3:], TEXT))]}
    made = generate({"/a": {"get": operation(responses={**NO_CONTENT, **answered(error, "400")})}}, schemas)
    made.answer = httpx.Response(400, json={name: f"its {name}" for name in names})
    with pytest.raises(made.package.BadRequestError) as caught:
        made.client.call()
    fields = ["status_code_field", "content_field", "headers_field", "args_field", "operation_field",
              "is_safe_to_retry_field", "attrs_field"]  # fmt: skip
    assert [getattr(caught.value, name) for name in fields] == [f"its {name}" for name in names]
    assert (caught.value.status_code, caught.value.operation) == (400, "call")


@pytest.mark.parametrize(
    ("kind", "schema", "body"),
    [
        ("application/json", TEXT, b'"no"'),
        ("application/json", {"type": "array", "items": an_object(code=NUMBER)}, b'[{"code": 5}]'),
        ("application/json", {"type": "object", "additionalProperties": TEXT}, b'{"a": "no"}'),
        ("application/json", {}, b"null"),
        ("text/plain", TEXT, b"no"),
        ("text/html", {}, b"<p>no"),
    ],
)
def test_errors_whose_bodies_have_no_fields(generate: Generate, kind: str, schema: Any, body: bytes) -> None:
    errors = {"400": {"description": "Wrong.", "content": {kind: {"schema": schema}}}, "404": {"description": "None."}}
    made = generate({"/a": {"get": operation(responses={**answered(an_object(x=TEXT)), **errors})}})
    made.answer = httpx.Response(400, content=body, headers={"content-type": kind})
    with pytest.raises(made.package.BadRequestError) as caught:
        made.client.call()
    assert caught.value.content == body


def test_a_document_without_schemas(generate: Generate) -> None:
    made = generate({"/a": {"get": operation()}})
    assert made.client.call() is None


def test_a_header_whose_name_begins_as_an_extension(generate: Generate) -> None:
    responses = {"204": {"description": "Done.", "headers": {"x-request-id": {"schema": TEXT}}}}
    made = generate({"/a": {"get": operation(responses=responses, parameters={"header x-trace": TEXT})}})
    made.client.call(x_trace="abc")
    assert made.sent[-1].headers["x-trace"] == "abc"


# How the client proves who it is


def schemes(**found: Any) -> dict[str, Any]:
    return {"components": {"securitySchemes": found}}


@pytest.mark.parametrize(
    ("scheme", "header", "value"),
    [
        ({"type": "http", "scheme": "Bearer"}, "authorization", "Bearer a:key"),
        ({"type": "http", "scheme": "basic"}, "authorization", "Basic YTprZXk="),
        ({"type": "apiKey", "in": "header", "name": "X-Api-Key"}, "x-api-key", "a:key"),
    ],
)
def test_a_key_in_a_header(generate: Generate, scheme: Any, header: str, value: str) -> None:
    made = generate({"/a": {"get": operation()}}, **schemes(key=scheme))
    made.client.with_options(api_key="a:key").call()
    assert made.sent[0].headers[header] == value


@pytest.mark.parametrize(
    ("parameters", "query"), [({}, "?to%26ken=a%26key"), ({"query q": TEXT}, "?q=x&to%26ken=a%26key")]
)
def test_a_key_in_the_query(generate: Generate, parameters: Any, query: str) -> None:
    scheme = {"type": "apiKey", "in": "query", "name": "to&ken"}
    made = generate({"/a": {"get": operation(parameters=parameters)}}, **schemes(key=scheme))
    made.client.with_options(api_key="a&key").call(**{key.split()[1]: "x" for key in parameters})
    assert made.path == f"/v1/a{query}"
    assert "authorization" not in made.sent[0].headers


def test_of_alternatives_one_that_works_is_enough(generate: Generate) -> None:
    found = schemes(cookie={"type": "apiKey", "in": "cookie", "name": "c"}, basic={"type": "http", "scheme": "basic"})
    made = generate({"/a": {"get": operation()}}, security=[{"cookie": []}, {"basic": []}], **found)
    made.client.call()
    assert made.sent[0].headers["authorization"].startswith("Basic ")


def test_an_operation_without_a_key_needs_none(generate: Generate) -> None:
    paths = {"/a": {"get": operation("public", security=[])}, "/b": {"get": operation("closed")},
             "/c": {"get": operation("either", security=[{}, {"key": []}])}}  # fmt: skip
    made = generate(paths)
    client = made.package.SmsScheduler(api_key="", transport=made.client._sender._transport)
    client.public()
    client.either()
    assert all("authorization" not in request.headers for request in made.sent)
    with pytest.raises(ValueError, match="No API key"):
        client.closed()
    made.client.either()
    assert "authorization" in made.sent[-1].headers
    made.client.public()
    assert "authorization" not in made.sent[-1].headers


# Bodies


def content(schema: Any, *kinds: str) -> dict[str, Any]:
    return {"content": {kind: {"schema": schema if "json" in kind else TEXT} for kind in kinds}}


@pytest.mark.parametrize(
    ("kinds", "sent"),
    [
        (["text/csv", "application/json"], "application/json; charset=utf-8"),
        (["application/json; charset=utf-8"], "application/json; charset=utf-8"),
        (["application/vnd.sms+json", "application/xml"], "application/vnd.sms+json"),
    ],
)
def test_json_among_other_content_types(generate: Generate, kinds: list[str], sent: str) -> None:
    schema = an_object("text", text=TEXT)
    call = operation(responses={"200": {"description": "It.", **content(schema, *kinds)}})
    call["requestBody"] = {"required": True, **content(schema, *kinds)}
    made = generate({"/a": {"post": call}})
    made.answer = httpx.Response(200, json={"text": "there"})
    assert made.client.call(text="here").text == "there"
    assert made.sent[0].headers["content-type"] == sent
    assert made.sent[0].headers["accept"] == sent.partition(";")[0] if "+" in sent else "application/json"


@pytest.mark.parametrize("schema", [{"type": "array", "items": TEXT}, {"type": "object", "additionalProperties": TEXT}])
def test_a_body_that_is_no_object_with_fields(generate: Generate, schema: Any) -> None:
    made = generate({"/a": {"post": operation(body=schema)}})
    value = ["a", "b"] if schema["type"] == "array" else {"a": "b"}
    made.client.call(content=value)
    assert made.body == value
    with pytest.raises(TypeError, match="content"):
        made.client.call(content=[1])


def test_a_list_of_objects_as_a_body(generate: Generate) -> None:
    row = an_object("number", number={"type": "integer"}, note=TEXT)
    made = generate({"/a": {"post": operation(body={"type": "array", "items": to("Row")})}}, {"Row": row})
    made.client.call(content=(made.package.Row(number=1), made.package.Row(number=2, note="n")))
    assert made.body == [{"number": 1}, {"number": 2, "note": "n"}]


@pytest.mark.parametrize("schema", [an_object("text", text=TEXT, flag={"type": "boolean", "default": True}), TEXT])
def test_an_optional_body(generate: Generate, schema: Any) -> None:
    call = operation(body=schema)
    call["requestBody"]["required"] = False
    made = generate({"/a": {"post": call}})
    made.client.call()
    assert made.sent[0].content == b""
    assert "content-type" not in made.sent[0].headers
    made.client.call(**({"content": "x"} if schema == TEXT else {"text": "x"}))
    assert made.body == ("x" if schema == TEXT else {"text": "x"})
    if schema != TEXT:
        with pytest.raises(TypeError, match="text"):
            made.client.call(flag=False)


def test_null_is_sent_if_it_is_given(generate: Generate) -> None:
    nullable = {"type": ["string", "null"]}
    row = an_object(inner=nullable, plain=TEXT)
    body = an_object(note=nullable, plain=TEXT, count={"type": "integer", "default": 3}, row=to("Row"))
    made = generate({"/a": {"patch": operation(body=body), "post": operation("create", body=body)}}, {"Row": row})
    unset = made.package.UNSET
    made.client.call()
    assert made.body == {}
    made.client.call(note=None, plain=None, count=unset, row=made.package.Row(inner=None))
    assert made.body == {"note": None, "row": {"inner": None}}
    made.client.call(note=unset, count=4, row=made.package.Row())
    assert made.body == {"count": 4, "row": {}}
    made.client.create()
    assert made.body == {"count": 3}


# Responses


@pytest.mark.parametrize("other", ["202", "204", "2XX"])
def test_two_statuses_of_success(generate: Generate, other: str) -> None:
    schema = an_object("text", text=TEXT)
    also = answered(schema, other) if other != "204" else NO_CONTENT
    made = generate({"/a": {"post": operation(responses={**answered(schema), **also})}})
    made.answer = httpx.Response(200, json={"text": "a"})
    assert made.client.call().text == "a"
    made.answer = httpx.Response(int(other.replace("X", "0")), json=None if other == "204" else {"text": "b"})
    result = made.client.call()
    assert result is None if other == "204" else result.text == "b"


def test_operations_whose_bodies_of_an_error_differ(generate: Generate) -> None:
    detail = an_object("text", text=TEXT)
    bodies = {
        "first": an_object("code", "text", "kind", code={"type": "integer"}, text=TEXT, kind={"const": "a"}),
        "second": an_object("text", "kind", text=to("Detail"), kind={"const": "b"}, hint={"type": ["string", "null"]}),
    }
    responses = {name: {**NO_CONTENT, **answered(body, "400")} for name, body in bodies.items()}
    responses["bare"] = {**NO_CONTENT, "400": {"description": "Wrong."}}
    paths = {f"/{name}": {"get": operation(name, responses=found)} for name, found in responses.items()}
    made = generate(paths, {"Detail": detail})

    def raised(name: str, body: Any) -> Any:
        made.answer = httpx.Response(400, json=body)
        with pytest.raises(made.package.BadRequestError) as caught:
            getattr(made.client, name)()
        return caught.value

    first = raised("first", {"code": 5, "text": "no", "kind": "a"})
    assert (first.code, first.text, first.kind, first.hint) == (5, "no", "a", None)
    assert str(first) == "first: 400 Bad Request: code: 5; text: no; kind: a"
    second = raised("second", {"text": {"text": "why"}, "kind": "b", "hint": "x"})
    assert (second.code, second.text.text, second.kind, second.hint) == (None, "why", "b", "x")
    assert raised("bare", None).text is None
    made.answer = httpx.Response(400, json={"text": {"text": "why"}, "kind": "b"})
    with pytest.raises(made.package.InvalidResponseError):
        made.client.first()


def test_operations_that_describe_an_error_alike_share_it(generate: Generate) -> None:
    error = an_object(
        "errors", errors={"type": "array", "items": an_object("code", code={"type": "integer"}, text=TEXT)}
    )
    paths = {f"/{name}": {"get": operation(name, responses={**NO_CONTENT, **answered(error, "400")})} for name in "ab"}
    made = generate(paths)
    made.answer = httpx.Response(400, json={"errors": [{"code": 7, "text": "no"}]})
    for name in "ab":
        with pytest.raises(made.package.BadRequestError) as caught:
            getattr(made.client, name)()
        assert caught.value.errors[0].code == 7


# Objects of several kinds


SMS = an_object("kind", "theText", kind={"const": "sms"}, theText=TEXT)
PUSH = an_object("kind", kind={"type": "string", "enum": ["push", "silent"]}, link=TEXT)
LOOSE = an_object(kind=TEXT, link=TEXT)
UNION: dict[str, Any] = {"oneOf": [to("Sms"), to("Push")]}
INLINE: dict[str, Any] = {"anyOf": [SMS, {"allOf": [an_object("kind", kind={"const": "push"}), an_object(link=TEXT)]}]}


def discriminated(first: str, second: str, **mapping: str) -> dict[str, Any]:
    return {
        "oneOf": [to(first), to(second)],
        "discriminator": {"propertyName": "kind", **({"mapping": mapping} if mapping else {})},
    }


@pytest.mark.parametrize(
    ("union", "schemas"),
    [
        (UNION, {"Sms": SMS, "Push": PUSH}),
        (INLINE, {}),
        (to("Content"), {"Content": UNION, "Sms": SMS, "Push": PUSH}),
        (to("Content"), {"Content": INLINE}),
        ({"oneOf": [to("Content"), {"type": "null"}]}, {"Content": UNION, "Sms": SMS, "Push": PUSH}),
        ({"oneOf": [*UNION["oneOf"], {"type": "null"}]}, {"Sms": SMS, "Push": PUSH}),
        (discriminated("sms", "push"), {"sms": an_object(kind=TEXT, theText=TEXT), "push": LOOSE}),
        (discriminated("A", "B", sms="A", push="#/components/schemas/B"),
         {"A": an_object(kind=TEXT, theText=TEXT), "B": LOOSE}),
        ({"oneOf": [to("Inner"), to("Push")]}, {"Inner": {"oneOf": [to("Sms"), to("Other")]}, "Sms": SMS, "Push": PUSH,
                                               "Other": an_object("kind", kind={"const": 5})}),
    ],
)  # fmt: skip
def test_objects_told_apart_by_a_tag(generate: Generate, union: Any, schemas: Schemas) -> None:
    lists = {"type": "array", "items": union}
    holder = an_object("one", one=union, many=lists)
    paths = {
        "/a": {"post": operation(body=holder, responses=answered(to("Holder")))},
        "/b": {"post": operation("whole", body=union, responses=answered(union))},
        "/c": {"post": operation("list", body=lists, responses=answered(lists))},
    }
    made = generate(paths, {**schemas, "Holder": holder})
    sms, push = {"kind": "sms", "theText": "hi"}, {"kind": "push", "link": "l"}
    made.answer = httpx.Response(200, json={"one": sms, "many": [push, sms]})
    sent = {"kind": "push", "link": "x"}
    received = made.client.call(one=attrs.evolve(push_of(made, push), link="x"), many=[])
    assert made.body == {"one": sent, "many": []}
    assert (received.one.the_text, received.many[0].link, type(received.one)) == ("hi", "l", type(received.many[1]))
    made.answer = httpx.Response(200, json=push)
    assert made.client.whole(content=received.one) == received.many[0]
    assert made.body == sms
    made.answer = httpx.Response(200, json=[sms, push])
    assert made.client.list_(content=received.many) == [received.one, received.many[0]]
    assert made.body == [push, sms]
    for unknown in ({"kind": "fax"}, {"kind": ["sms"]}, {}, {"kind": None}):
        made.answer = httpx.Response(200, json=[sms, unknown])
        with pytest.raises(made.package.InvalidResponseError, match=r"whose `kind` is .*'sms'.* at \$\[1\]"):
            made.client.list_(content=[])
    with pytest.raises(TypeError, match="kind"):
        made.client.whole(content={"kind": "fax"})


def push_of(made: Generated, push: Mapping[str, Any]) -> Any:
    """An object as the client reads it."""
    made.answer, answer = httpx.Response(200, json=push), made.answer
    pushed = made.client.whole(content=push)
    made.answer = answer
    return pushed


def test_users_are_told_of_changes_beside_kinds_and_payloads(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    patch = an_object(note={"type": ["string", "null"]}, one=to("Content"))
    schemas = {"Content": UNION, "Sms": SMS, "Push": PUSH}
    ping = {
        "post": {
            "requestBody": {"required": True, **content(to("Content"), "application/json")},
            "responses": NO_CONTENT,
        }
    }
    for name in ("before", "after"):
        calls = {"/a": {"patch": operation(body=patch)}, "/b": {"get": operation(name)}}
        generate(calls, schemas, webhooks={f"{name}-ping": ping})
    told = capsys.readouterr().out
    for line in ("`before` is now called `after`", "`decode_before_ping` is now called `decode_after_ping`"):
        assert line in told


def test_users_are_told_of_kinds_that_come_and_go(generate: Generate, capsys: pytest.CaptureFixture[str]) -> None:
    fax = an_object("kind", kind={"const": "fax"}, pages=NUMBER)
    for other, kind in (("Push", PUSH), ("Fax", fax)):
        schemas = {"Content": {"oneOf": [to("Sms"), to(other)]}, "Sms": SMS, other: kind}
        generate({"/a": {"get": operation(responses=answered(to("Content")))}}, schemas)
    told = capsys.readouterr().out
    for line in ("ok        `Content`: may be `Fax` too", "BREAKING  `Content`: is never `Push` any more"):
        assert line in told


# What is deprecated, and what the server calls


def test_what_is_deprecated_warns_when_it_is_used(generate: Generate) -> None:
    body = an_object(
        "a", a=TEXT, b={**TEXT, "deprecated": True}, c={"type": "integer", "default": 1, "deprecated": True}
    )
    paths = {"/a": {"post": operation(body=body), "get": operation("old", deprecated=True)}}
    made = generate(paths)
    made.client.call(a="x")
    for arguments in ({"b": "y"}, {"c": 2}):
        with pytest.warns(DeprecationWarning, match=f"{next(iter(arguments))} is deprecated") as caught:
            made.client.call(a="x", **arguments)
        assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="old is deprecated"):
        made.client.old()
    assert "Deprecated." in made.package.SmsScheduler.old.__doc__


def test_payloads_of_webhooks_and_callbacks_are_decoded(generate: Generate) -> None:
    def item(schema: Any) -> dict[str, Any]:
        return {
            "post": {"requestBody": {"required": True, **content(schema, "application/json")}, "responses": NO_CONTENT}
        }

    schema = an_object("id", id={"type": "integer"}, status={"type": "string", "enum": ["sent"]})
    call = operation(callbacks={"statusChanged": {"{$request.body#/url}": item(to("Event"))}})
    webhooks = {"message-sent": item(to("Event")), "ping": item({"type": "array", "items": TEXT})}
    made = generate({"/a": {"post": call}}, {"Event": schema}, webhooks=webhooks)
    for decode in (made.package.decode_message_sent, made.package.decode_status_changed):
        event = decode(b'{"id": 5, "status": "late"}')
        assert (event.id, event.status) == (5, "late")
        assert isinstance(event, made.package.Event)
        with pytest.raises(ValueError, match=r"\$\.id"):
            decode(b'{"id": "x"}')
    assert made.package.decode_ping(b'["a"]') == ["a"]


# Schemas that stand elsewhere, and other tools' extensions


def test_schemas_beside_those_in_components(generate: Generate) -> None:
    holder = {**an_object("part", part=to("Holder/$defs/Part")), "$defs": {"Part": an_object("x", x=TEXT)}}
    also = an_object("again", again=to("Holder/properties/part"))
    made = generate({"/a": {"get": operation(responses=answered(to("Holder")))},
                     "/b": {"get": operation("also", responses=answered(also))}}, {"Holder": holder})  # fmt: skip
    made.answer = httpx.Response(200, json={"part": {"x": "1"}})
    assert made.client.call().part.x == "1"
    made.answer = httpx.Response(200, json={"again": {"x": "2"}})
    assert made.client.also().again.x == "2"


def test_two_schemas_whose_classes_would_have_one_name(generate: Generate) -> None:
    found = {"FooBar": an_object("a", a=TEXT), "foo_bar": an_object("b", b=TEXT)}
    made = generate({f"/{name}": {"get": operation(f"get{index}", responses=answered(to(name)))}
                     for index, name in enumerate(found)}, found)  # fmt: skip
    made.answer = httpx.Response(200, json={"a": "1", "b": "2"})
    assert (made.client.get0().a, made.client.get1().b) == ("1", "2")


def test_formats_and_extensions_of_others_change_nothing(generate: Generate) -> None:
    samples: dict[str, Any] = {"x-codeSamples": [{"$ref": "#/none"}]}
    row = an_object(x=TEXT)
    schema = an_object(
        "a",
        row=to("Row", **{"x-other": 1}),
        a={**TEXT, "format": "msisdn", "x-faker": {"$ref": "nowhere"}, "xml": {"name": "A"}},
        b={"type": "integer", "format": "uint7"},
    )
    made = generate({"/a": {"get": operation(responses=answered(schema), **samples)}}, {"Row": row})
    made.answer = httpx.Response(200, json={"a": "1", "b": 2})
    assert (made.client.call().a, made.client.call().b) == ("1", 2)


def test_objects_that_hold_others_many_times(generate: Generate) -> None:
    schemas = {f"B{index}": an_object(**{f"p{n}": to(f"B{index - 1}") for n in range(9)}) for index in range(1, 12)}
    made = generate({"/a": {"post": operation(body=an_object(x=to("B11")))}}, {"B0": an_object(x=TEXT), **schemas})
    made.client.call(x=made.package.B11(p3=made.package.B10()))
    assert made.body == {"x": {"p3": {}}}


# Classes of schemas that stand inline


def one(value: str) -> dict[str, Any]:
    return {**TEXT, "enum": [value]}


CLASH: list[dict[str, Any]] = [
    {"CallBody": an_object(z=TEXT), "CallBodyA": an_object(y=TEXT)},
    {"Holder": an_object(status=one("a")), "HolderStatus": one("b")},
    {"HolderStatus": an_object(code=NUMBER), "Holder": an_object(status=an_object(text=TEXT))},
    {"HolderStatus": one("b"), "Holder": an_object(status=an_object(text=TEXT), Status=one("c"))},
    {"Holder": an_object(rows={"type": "array", "items": an_object(x=TEXT)}, rowsItem=an_object(y=TEXT))},
    {"Holder": an_object(aB=an_object(x=TEXT), a=an_object(b=an_object(z=TEXT)), m={"additionalProperties": one("c")})},
    {"Holder": an_object(u={"oneOf": [an_object(x=TEXT), TEXT]}, uType0=an_object(y=TEXT), uType1=one("d"))},
    {
        "Holder": an_object(
            **{"$": an_object(x=TEXT), "%": one("d"), "-": {"type": ["object", "null"], "properties": {}}}
        )
    },
]


@pytest.mark.parametrize("schemas", CLASH)
def test_schemas_whose_classes_would_have_the_name_of_another(generate: Generate, schemas: Schemas) -> None:
    body = an_object(a=an_object(q=TEXT), **{f"f{index}": to(name) for index, name in enumerate(schemas)})
    paths = {
        "/a": {"post": operation(body=body, parameters={"query c": one("p")}, responses=answered(body))},
        "/b": {"post": operation("call_body", parameters={"query a": one("q"), "header c": one("p")})},
    }
    made = generate(paths, schemas)
    values = {f"f{index}": filled(schema) for index, schema in enumerate(schemas.values())}
    made.answer = httpx.Response(200, json={"a": {"q": "x"}, **values})
    received = made.client.call()
    made.client.call(a=received.a, c="p", **{name: getattr(received, name) for name in values})
    assert made.body == {"a": {"q": "x"}, **values}
    made.answer = httpx.Response(204)
    made.client.call_body(a="q", c="p")
    assert (made.path, made.sent[-1].headers["c"]) == ("/v1/b?a=q", "p")


def filled(schema: Any) -> Any:
    """A value with all that a schema names."""
    for part in schema.get("oneOf", []):
        return filled(part)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [filled(schema["items"])]
    if "additionalProperties" in schema:
        return {"k": filled(schema["additionalProperties"])}
    fields = schema.get("properties")
    return "x" if schema == TEXT else 5 if fields is None else {name: filled(field) for name, field in fields.items()}


ROW = an_object(b=an_object(c=TEXT))
NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({**ROW, "type": ["object", "null"]}, {"b": {"c": "x"}}),
        ({"oneOf": [ROW, NULL]}, {"b": {"c": "x"}}),
        ({"anyOf": [TEXT, {"allOf": [an_object(a=TEXT), ROW]}]}, {"a": "x", "b": {"c": "x"}}),
        ({"type": ["array", "null"], "items": {**ROW, "type": ["null", "object"]}}, [{"b": {"c": "x"}}]),
        ({"oneOf": [{"type": "array", "items": ROW}, NULL]}, [{"b": {"c": "x"}}]),
        ({"anyOf": [NULL, {"type": "object", "additionalProperties": ROW}]}, {"k": {"b": {"c": "x"}}}),
    ],
)
def test_a_choice_whose_objects_hold_others(generate: Generate, schema: Any, value: Any) -> None:
    holder = an_object(one=to("Choice"), rows={"type": "array", "items": to("Choice")})
    paths = {"/a": {"post": operation(body=holder, responses=answered(holder))}}
    made = generate(paths, {"Choice": schema})
    made.answer = httpx.Response(200, json={"one": value, "rows": [value]})
    received = made.client.call()
    made.client.call(one=received.one, rows=received.rows)
    assert made.body == {"one": value, "rows": [value]}


def test_callbacks_elsewhere_and_webhooks_named_as_what_the_client_uses(generate: Generate) -> None:
    hook = {"post": {"requestBody": {"required": True, **content(TEXT, "application/json")}, "responses": NO_CONTENT}}
    call = operation(callbacks={"done": {"$ref": "#/components/callbacks/Done"}})
    found = {
        **schemes(key={"type": "http", "scheme": "basic"})["components"],
        "callbacks": {"Done": {"{$url}": hook, "x-other": {}}},
    }
    made = generate({"/a": {"get": call}}, webhooks={"payload": hook, "r": hook, "datetime": hook}, components=found)
    for name in ("done", "payload", "r", "datetime"):
        assert getattr(made.package, f"decode_{name}")(b'"a"') == "a"
