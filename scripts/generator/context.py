"""What the templates get, from openapi-python-client's parsed document.

What openapi-python-client parses, names and tells apart stays so. Here are only the facts that it drops (extensions,
descriptions of responses) and the Python that the overriding templates need.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

import attrs
from openapi_python_client import strings
from openapi_python_client.parser.openapi import Endpoint, GeneratorData
from openapi_python_client.parser.properties.any import AnyProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.enum_property import EnumProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.responses import Response

from .docstrings import Section, docstring, text
from .document import Document, DocumentError, Mistake
from .names import CLASS_NAMES, Renamed, argument_name, python_name
from .properties import (
    SIMPLE_TYPES,
    all_endpoints,
    class_infos,
    class_names,
    default_code,
    endpoint_results,
    everything_in,
    fields_of,
    has_body,
    holds,
    holds_list,
    inner_props,
    is_map,
    is_mapped,
    kinds_of,
    one_of_one_or_many,
    public_values,
    raw_name,
    tag_of_model,
    used_names,
)
from .security import Scheme, requirements, scheme_of
from .simplify import CONTENT_TYPE, INCOMING
from .source import Pointer
from .unsupported import JSON

# Names of statuses that differ between versions of Python, as they are since 3.13.
PHRASES = {
    429: "Rate Limit",  # a shorter name than HTTP's, and the same whether a document lists it or not
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    501: "Unimplemented",  # NotImplementedError is Python's own
}
# Errors for what stands for several statuses.
SHARED_ERRORS = {"3XX": "RedirectError", "4XX": "ClientError", "5XX": "ServerError", "default": "DefaultError"}
# Three uses of a schema, which differ in the types that are convenient and in those that are safe to promise.
RECEIVED, SENT, ARGUMENT = "received", "sent", "argument"
LISTS = {RECEIVED: "list[{}]", SENT: "list[{}]", ARGUMENT: "Sequence[{}]"}
# What the API key is, by how it is sent.
KEYS = {
    **dict.fromkeys(("bearer", "header", "query"), "The API key"),
    "basic": "The user name and the password with a colon between them",
}
MAPS = {RECEIVED: "JsonObject[{}]", SENT: "dict[str, {}]", ARGUMENT: "Mapping[str, {}]"}


@attrs.frozen
class Field:
    """A field of a model or of an error, or an argument of an operation.

    Attributes:
        name: The name in Python.
        json_name: The name in the document.
        type: The annotation.
        description: What the document says of it.
        default: The default as code, or None if it is required.
        encoded: For an argument, the expression of what is sent for it.
        sent: For a parameter, the annotation of what is sent.
        wire_format: How the server writes a time, without its zone, in strftime's words; of all other fields, empty.
        is_deprecated: Whether it is not to be used any more.
    """

    name: str
    json_name: str
    type: str
    description: str
    default: str | None = None
    encoded: str = ""
    sent: str = ""
    wire_format: str = ""
    is_deprecated: bool = False


@attrs.frozen
class Answer:
    """What a documented status stands for: a result, or an error.

    Attributes:
        status: The status as the document has it: a number, a range such as 4XX, or "default".
        name: The exception's name, empty for a success.
        content_type: The content type of the body.
        type: The annotation of the decoded body, or None if there is none.
        decoder: The expression that makes the body's decoder.
        fields: The fields of the body, which an error takes over.
    """

    status: str
    name: str
    description: str
    type: str | None
    decoder: str
    fields: Sequence[Field]
    content_type: str

    @property
    def key(self) -> str:
        """The status as code: a number, or a text for what stands for several."""
        return self.status if self.status.isdecimal() else repr(self.status)

    @property
    def condition(self) -> str:
        """The expression that tells whether a response has the status, which is no default."""
        is_range = self.status.endswith("XX")
        return f"response.status_code // 100 == {self.status[0]}" if is_range else f"response.status_code == {self.key}"


@attrs.frozen
class Waiter:
    """A method that asks for a report until it is final.

    Attributes:
        name: The method's.
        is_final: The expression that tells whether `report` is.
        operation: The operation that it calls.
        field: What the report has to be final in.
    """

    name: str
    is_final: str
    operation: "Operation"
    field: str

    @property
    def keywords(self) -> list[Field]:
        """The arguments that are not the operation's."""
        poll = "How many seconds to wait before asking again; this grows up to eight times as much."
        return [
            Field("timeout", "", "float", "After how many seconds to give up."),
            Field("poll", "", "float", poll, "2.0"),
        ]

    def summary(self, name: str) -> str:
        """What it does, in a line, by what the operation is called there."""
        return f"Call `{name}` until `{self.field}` is final everywhere in the report."

    @property
    def more(self) -> str:
        """What else there is to know."""
        return "A value that is not known is not final. A report without rows is."

    @property
    def docstring(self) -> str:
        """The docstring of the clients' method."""
        others = f"What `{self.operation.name}` raises."
        return docstring(
            self.summary(self.operation.name),
            more=self.more,
            sections=[
                ("Args", described([*self.operation.path_parameters, *self.operation.keywords, *self.keywords])),
                ("Returns", [("", self.operation.result.description)]),
                ("Raises", [("WaitTimeoutError", "It holds the last report."), (self.operation.root_error, others)]),
            ],
        )


@attrs.frozen
class Operation:
    """An operation. `id`, `method` and `path` are the document's, `name` and `tag` are Python's.

    Attributes:
        path_code: The expression of the path, from the segments of its parameters.
        query: The parameters of the query.
        headers: The parameters that are headers.
        body: The fields of the request body, as arguments; or the one argument that is the body itself.
        body_type: The annotation that the body is checked by, or None if there is no body.
        has_fields: Whether the body is an object, whose fields are the arguments.
        is_body_optional: Whether the body may be left out.
        key: Whether it takes the API key: "required", "optional" or "none".
        results: The statuses of success, which have one type.
        incoming: For what the server calls, "webhook" or "callback".
        is_deprecated: Whether it is not to be used any more.
        models: The classes that the operation's module needs.
    """

    id: str
    name: str
    tag: str
    method: str
    path: str
    path_code: str
    summary: str
    description: str
    key: str
    path_parameters: Sequence[Field]
    query: Sequence[Field]
    headers: Sequence[Field]
    body: Sequence[Field]
    body_type: str | None
    body_content_type: str
    has_fields: bool
    is_body_optional: bool
    results: Sequence[Answer]
    errors: Sequence[Answer]
    incoming: str
    is_deprecated: bool
    models: Sequence[str]
    root_error: str

    @property
    def result(self) -> Answer:
        """The success that tells most of what is returned."""
        return next((answer for answer in self.results if answer.type), self.results[0])

    @property
    def returned(self) -> str:
        """The annotation of what is returned."""
        kinds = dict.fromkeys(answer.type or "None" for answer in sorted(self.results, key=lambda one: not one.type))
        return " | ".join(kinds)

    @property
    def accept(self) -> str:
        """The content type that is asked for."""
        return self.result.content_type

    @property
    def deprecated_arguments(self) -> list[Field]:
        """The arguments that are not to be used any more."""
        return [field for field in [*self.path_parameters, *self.keywords] if field.is_deprecated]

    @property
    def takes_datetime(self) -> bool:
        """Whether the client's time zone matters."""
        return any(field.wire_format for field in self.body)

    @property
    def keywords(self) -> list[Field]:
        """The arguments that are given by keyword, those with a default last."""
        return sorted([*self.query, *self.headers, *self.body], key=lambda field: field.default is not None)

    @property
    def docstring(self) -> str:
        """The docstring of the clients' method."""
        more = "\n\n".join([*(["Deprecated."] if self.is_deprecated else []), self.description])
        statuses = {"default": "Any other status."}
        errors = [(error.name, statuses.get(error.status, f"Status {error.status}.")) for error in self.errors]
        sections: list[Section] = [
            ("Args", described([*self.path_parameters, *self.keywords])),
            ("Returns", [("", self.result.description)] if self.result.type else []),
            ("Raises", [*errors, (self.root_error, "Anything else, such as a `TransportError`.")]),
        ]
        return docstring(self.summary, more=more, sections=sections)


@attrs.frozen
class EnumExtensions:
    """What the document's extensions say of the values of an enum."""

    descriptions: dict[Any, str]
    final: list[Any]


@attrs.frozen
class Uses:
    """What the operations make use of, for the code that is there only if it is needed.

    Attributes:
        query: Parameters of the query.
        headers: Parameters that are headers.
        texts: Parameters that `str` does not write as they are sent.
        mapping: Request bodies that msgspec does not write as they are sent.
        renaming: Responses with fields whose names in Python are not those in JSON.
        ranges: Statuses such as 4XX, or "default".
        keyless: Operations that work without an API key.
        fields: Request bodies whose fields are arguments.
        bodies: Other request bodies.
        unset: Fields for which null and nothing are two things, or whose default is the server's business.
        incoming: Payloads that the server sends by itself.
        tagged: Objects of several kinds.
        numbers: Numbers that may have no end, and values of any type.
    """

    query: bool
    headers: bool
    texts: bool
    mapping: bool
    renaming: bool
    ranges: bool
    keyless: bool
    fields: bool
    bodies: bool
    unset: bool
    incoming: bool
    tagged: bool
    numbers: bool


def merged(alternatives: Iterable[Sequence[Field]]) -> list[Field]:
    """The fields of any of several objects, required ones first; one that is not in each of them may be None."""
    objects = [{field.name: field for field in fields} for fields in alternatives]
    found: list[Field] = []
    for name in dict.fromkeys(name for fields in objects for name in fields):
        same = [fields[name] for fields in objects if name in fields]
        is_optional = len(same) < len(objects) or any(field.default is not None for field in same)
        kinds = [field.type.removesuffix(" | None") for field in same]
        kinds += ["None"] if is_optional or any(field.type.endswith(" | None") for field in same) else []
        default = "None" if is_optional else None
        found.append(attrs.evolve(same[0], type=" | ".join(dict.fromkeys(kinds)), default=default))
    return sorted(found, key=lambda field: field.default is not None)


def described(fields: Iterable[Field]) -> list[tuple[str, str]]:
    """The entries of a docstring's section on fields."""
    return [(field.name, field.description) for field in fields]


def context(
    document: Document, renamed: Renamed, data: GeneratorData, package: str, distribution: str, *, http_library: str
) -> dict[str, object]:
    """All that the templates may refer to, beside what openapi-python-client gives the one at work.

    That is `endpoint_collection` and `endpoint`, `model`, `enum`, or `imports`.

    Raises:
        DocumentError: The document says something that is not supported.
    """
    builder = _Builder(document, renamed, data, package, http_library)
    decoder_type, errors_type = builder.codec_types()
    return {
        # texts
        "docstring": docstring,  # a docstring as code
        "described": described,  # the entries of its section on fields
        "constructor_docstring": builder.constructor_docstring,  # that of a client, by its type of transport
        "tag_description": builder.tag_description,  # what the document says of a tag, by its name in Python
        "title_line": builder.title_line,  # what the API is
        # names and values
        "package": package,  # what is imported
        "distribution": distribution,  # what is installed
        "version": document.data["info"]["version"],
        "servers": document.data["servers"],
        "http_library": http_library,  # what is imported as httpx
        "scheme": builder.scheme,  # what the API key is sent by
        "api_key_variable": builder.api_key_variable,  # in the environment
        "base_url_variable": builder.base_url_variable,
        "client_class": builder.client_class,
        "async_client_class": f"Async{builder.client_class}",
        "root_error": builder.root_error,
        "public_names": builder.public_names(),  # all that the package exports
        # operations
        "operations": [
            each for each in builder.operations.values() if not each.incoming
        ],  # as the class above has them
        "incoming": [each for each in builder.operations.values() if each.incoming],  # what the server calls
        "view": lambda endpoint: builder.operations[endpoint.name],  # the one that openapi-python-client is at
        "waiters": builder.waiters,  # the methods that ask for a report until it is final
        "errors": builder.errors,  # the documented ones, one for each status
        "knows_rate_limit": builder.knows_rate_limit,  # whether 429 is among them
        "uses": builder.uses,
        "decoder_type": decoder_type,  # the annotation of a decoder
        "errors_type": errors_type,  # that of all documented errors of an operation
        # models and enums
        "public_models": builder.public_models,  # the names of those that users meet
        "model_fields": builder.model_fields,  # the fields of a model
        "model_imports": model_imports,  # the imports of its module
        "tag_of": tag_of_model,  # what tells the kinds of an object apart, if a model stands for several
        "kinds_of": kinds_of,  # the tag's values in these, each with the name of its class
        "json_names": builder.json_names(),  # the names in the document, where those in Python are others
        "enum_extensions": builder.enum_extensions,  # what the document says of an enum's values
    }


class _Builder:
    """What the parts of a context are made from."""

    def __init__(
        self, document: Document, renamed: Renamed, data: GeneratorData, package: str, http_library: str
    ) -> None:
        self._document = document
        self._data = data
        self._original = renamed.original
        self._renamed_models = {str(model.class_info.name) for model in data.models if self._is_renamed(model)}
        self._received_models = self._reachable(endpoint_results(data))
        self._sent_models = self._reachable(body.prop for endpoint in all_endpoints(data) for body in endpoint.bodies)
        info = document.data["info"]
        self.title_line = f"{info['title']}: {info.get('summary') or 'an HTTP API'}"
        self.http_library = http_library
        self.api_key_variable = f"{package.upper()}_API_KEY"
        self.base_url_variable = f"{package.upper()}_BASE_URL"
        self.scheme = scheme_of(document) or Scheme("bearer", "Authorization")
        self.client_class = strings.pascal_case(package)
        self.root_error = f"{self.client_class}Error"
        self.operations = {endpoint.name: self._operation(pointer, endpoint) for pointer, endpoint in self._endpoints()}
        self.waiters = self._waiters()
        self.errors = self._one_class_a_status()
        self.knows_rate_limit = any(error.status == "429" for error in self.errors)
        self.uses = self._uses()
        self.public_models = sorted(self._reachable(public_values(data)) & class_names(data))

    # Names and texts

    def public_names(self) -> list[str]:
        fixed = [
            "ApiError",
            "InvalidResponseError",
            "NotSentError",
            "OutcomeUnknownError",
            "RawResponse",
            "TransportError",
        ]
        names = [
            *fixed, "UnexpectedStatusError", "__version__", self.root_error, self.client_class,
            f"Async{self.client_class}",
            *(error.name for error in self.errors), *self.public_models,
            *([] if self.knows_rate_limit else ["RateLimitError"]),
            *(["WaitTimeoutError"] if self.waiters else []),
            *(["UNSET", "UnsetType"] if self.uses.unset else []),
            *(each.name for each in self.operations.values() if each.incoming),
        ]  # fmt: skip
        if doubles := sorted({name for name in names if names.count(name) > 1}):
            self._refuse((), f"{', '.join(doubles)} would name two things in Python; rename the schema")
        return sorted(names)

    def constructor_docstring(self, transport_type: str, more: str = "") -> str:
        """The docstring of a client."""
        default, *others = [
            f"{server['url']} ({text(server.get('description')).rstrip('.')})"
            for server in self._document.data["servers"]
        ]
        arguments = {
            "api_key": f"{KEYS[self.scheme.kind]}; by default that in the environment variable {self.api_key_variable}.",
            "base_url": f"Where the API is; by default the URL in the environment variable {self.base_url_variable}, or "
            f"else {default}." + "".join(f" Or {other}." for other in others),
            "timeout": "How many seconds to wait for a connection, and then for each part of a response; or an "
            f"`{self.http_library}.Timeout`.",
            "deadline": "How many seconds a whole call may take, retries and waits included; by default without limit.",
            "max_retries": "How often to send a request again that failed and may be repeated, 0 for never.",
            "timezone": "The time zone that the server reads dates in. Aware datetimes are converted to it, and refused "
            "without it.",
            "transport": f"An `{self.http_library}.{transport_type}` to send with: for proxies, for TLS settings, for tests.",
            "max_connections": "How many connections there are at most; more calls at once wait their turn.",
            "max_response_bytes": "The largest body of a response that is read.",
        }
        wrong = "An option cannot work" + ("." if self.uses.keyless else ", or no API key is known.")
        raised = [
            ("ValueError", wrong),
            ("TypeError", "An option has another type."),
        ]
        return docstring(
            self.title_line,
            more=more,
            sections=[("Args", list(arguments.items())), ("Raises", raised)],
        )

    def tag_description(self, tag: str) -> str:
        """What the document says of a tag, given by its name in Python."""
        for entry in self._document.data.get("tags", []):
            if strings.PythonIdentifier(entry["name"], prefix="tag") == tag:
                return text(entry.get("description")) or str(entry["name"])
        return f"Operations on {tag}."

    def _refuse(self, pointer: Pointer, problem: str) -> NoReturn:
        raise DocumentError(self._document.describe([Mistake(pointer, problem)]))

    # Operations

    def _endpoints(self) -> list[tuple[Pointer, Endpoint]]:
        """The operations in the document's order, each with its pointer."""
        endpoints = {str(endpoint.name): endpoint for endpoint in all_endpoints(self._data)}
        return [(pointer, endpoints[python_name(raw["operationId"])]) for pointer, raw in self._document.operations()]

    def _waiters(self) -> list[Waiter]:
        found: list[Waiter] = []
        for pointer, operation in zip(dict(self._document.operations()), self.operations.values(), strict=True):
            if waiter := self._document.at(pointer).get("x-waiter"):
                name, field = python_name(waiter["name"]), python_name(waiter["until"])
                is_list = str(operation.result.type).startswith("list[")
                is_final = f"all(row.{field}.is_final for row in report)" if is_list else f"report.{field}.is_final"
                found.append(Waiter(name, is_final, operation, field))
        return found

    def _operation(self, pointer: Pointer, endpoint: Endpoint) -> Operation:
        raw = self._document.at(pointer)
        method, path = str(pointer[2]).upper(), str(pointer[1])
        path_parameters, query, headers = self._parameters(pointer, endpoint)
        body = endpoint.bodies[0].prop if endpoint.bodies else None
        raw_body = self._document.resolve(raw.get("requestBody", {}))
        is_optional = not raw_body.get("required", False)
        answers = [self._answer(pointer, response) for response in endpoint.responses]
        used = [response.prop for response in endpoint.responses if has_body(response)]
        used += [prop for _, prop in endpoint.iter_all_parameters()]
        taken = {field.name for field in [*path_parameters, *query, *headers]}
        return Operation(
            id=raw["operationId"],
            name=str(endpoint.name),
            tag=str(endpoint.tags[0]),
            method=method,
            path=path,
            path_code=path_code(path, path_parameters),
            summary=raw.get("summary") or f"{method} {path}",
            description=raw.get("description", ""),
            key=_key(requirements(self._document, raw)),
            path_parameters=path_parameters,
            query=query,
            headers=headers,
            body=self._arguments(raw_body, body, taken, sends_defaults=not is_optional and method != "PATCH")
            if body
            else [],
            body_type=self.annotation(body, SENT) if body else None,
            body_content_type=raw_body.get("content", {JSON: {}})[JSON].get(CONTENT_TYPE, JSON),
            has_fields=bool(fields_of(body)),
            is_body_optional=is_optional,
            results=[answer for answer in answers if not answer.name],
            errors=[answer for answer in answers if answer.name],
            incoming=raw.get(INCOMING, ""),
            is_deprecated=raw.get("deprecated", False),
            models=used_names([*used, *([body, *fields_of(body)] if body else [])]),
            root_error=self.root_error,
        )

    def _parameters(self, pointer: Pointer, endpoint: Endpoint) -> Sequence[list[Field]]:
        """The parameters as arguments: those in the path, in the query, and in headers."""
        raw = {(each["in"], each["name"]): each for each in self._document.parameters(pointer)}
        found: dict[str, list[Field]] = {"path": [], "query": [], "header": []}
        # what the method that waits takes too
        taken = {"poll", "report", "timeout", "wait"} if "x-waiter" in self._document.at(pointer) else set[str]()
        for location, prop in endpoint.iter_all_parameters():
            field = self._parameter(prop, location.value, raw[location.value, self._original(raw_name(prop))], taken)
            found[location.value].append(field)
            taken.add(field.name)
        return list(found.values())

    def _parameter(self, prop: Any, where: str, raw: dict[str, Any], taken: set[str]) -> Field:
        field = self._field(prop, ARGUMENT)
        name = argument_name(field.json_name, where, taken)
        sent = self.annotation(prop, SENT)
        code = f"{field.json_name!r}, {name}, {sent}"
        if where == "query":
            joined = holds_list(prop) and not raw.get("explode", True)
            encoded = f"query_items({code}, ',')" if joined else f"query_items({code})"
        else:
            encoded = f"header_items({code})" if where == "header" else f"path_segment({code})"
        description = _deprecated(raw, text(raw.get("description")))
        return attrs.evolve(
            field,
            name=name,
            description=description,
            encoded=encoded,
            sent=sent,
            is_deprecated=raw.get("deprecated", False),
        )

    def _arguments(self, raw: dict[str, Any], body: Any, taken: set[str], *, sends_defaults: bool) -> list[Field]:
        """The fields of a request body as arguments of the method, or the body itself if it is no object with fields."""
        schema = raw["content"][JSON]["schema"]
        if not fields_of(body):
            name = argument_name("content", "body", taken)
            kind = self.annotation(body, ARGUMENT)
            is_optional = not raw.get("required", False)
            default, kind = ("UNSET", f"{kind} | UnsetType") if is_optional else (None, kind)
            encoded = f"as_list({name})" if holds_list(body) else name
            words = text(raw.get("description")) or text(self._document.resolve(schema).get("description"))
            return [Field(name, "", kind, words or "The request body.", default, encoded)]
        fields = self._document.properties(schema)
        arguments: list[Field] = []
        for prop in fields_of(body):
            field = fields[self._original(raw_name(prop))]
            schema = {**self._document.resolve(field), **field}  # what is said beside a `$ref` is said of this use
            argument = self._argument(prop, schema, taken | {argument.name for argument in arguments})
            if argument.default not in {None, "None", "UNSET"} and not sends_defaults:
                argument = _unset(argument, f" The server takes {argument.default} by default.")
            elif argument.default is None and not raw.get("required", False):
                argument = _unset(argument, " It is needed if there is a body.")
            arguments.append(argument)
        return arguments

    def _argument(self, prop: Any, schema: dict[str, Any], taken: set[str]) -> Field:
        field = self._field(prop, ARGUMENT, null_is_sent=True)
        name = argument_name(raw_name(prop), "body", taken)
        kind, encoded = field.type, name
        if wire_format := schema.get("x-datetime-format"):
            kind, encoded = f"datetime.datetime | {kind}", f"wire_datetime({name}, {wire_format!r}, timezone)"
        elif holds_list(prop):
            encoded = f"as_list({name})"
        description = text(schema.get("description"))
        if wire_format:
            description += " A datetime with a zone is read in the client's `timezone`."
        return attrs.evolve(
            field,
            name=name,
            type=kind,
            encoded=encoded,
            description=_deprecated(schema, description),
            wire_format=wire_format or "",
            is_deprecated=schema.get("deprecated", False),
        )

    def _answer(self, pointer: Pointer, response: Response) -> Answer:
        status = response.status_code.pattern
        where = (*pointer, "responses", status)
        kind = self.annotation(response.prop, RECEIVED) if has_body(response) else None
        is_renamed = bool(self._reachable([response.prop]) & self._renamed_models)
        # for type checkers a choice is no type, and an abstract class is none to make
        is_cast = (
            isinstance(response.prop, AnyProperty | UnionProperty)
            or tag_of_model(response.prop)
            or is_map(response.prop)
        )
        concrete = re.sub(
            r"^JsonObject\[(.*)\]$", r"dict[str, \1]", re.sub(r"^OneOrMany\[(.*)\]$", r"list[\1]", str(kind))
        )
        decoded = f"cast({f'type[{concrete}]'!r}, {kind})" if is_cast else kind
        return Answer(
            status=status,
            name="" if status.startswith("2") else error_name(status),
            description=self._answer_description(where, response),
            type=kind,
            decoder=f"{'renaming_decoder' if is_renamed else 'decoder'}({decoded})" if kind else "None",
            fields=self.fields(response.prop, RECEIVED),
            content_type=self._document.resolve(self._document.at(where))
            .get("content", {JSON: {}})[JSON]
            .get(CONTENT_TYPE, JSON),
        )

    def _answer_description(self, pointer: Pointer, response: Response) -> str:
        """What a success gives, or why an error comes."""
        returned = text(response.prop.description) if has_body(response) else ""
        described = text(self._document.resolve(self._document.at(pointer))["description"])
        return returned if returned and str(pointer[-1]).startswith("2") else described

    def _one_class_a_status(self) -> list[Answer]:
        """The errors of all operations; for a status with several bodies, one error that holds the fields of any."""
        found: dict[str, list[Answer]] = {}
        for operation in self.operations.values():
            for error in operation.errors:
                found.setdefault(error.status, []).append(error)
        return [
            attrs.evolve(same[0], fields=merged(answer.fields for answer in same)) for _, same in sorted(found.items())
        ]

    def _uses(self) -> Uses:
        endpoints = all_endpoints(self._data)
        parameters = [prop for endpoint in endpoints for _, prop in endpoint.iter_all_parameters()]
        bodies = [body.prop for endpoint in endpoints for body in endpoint.bodies]
        needs_query = any(endpoint.query_parameters for endpoint in endpoints)
        needs_headers = any(endpoint.header_parameters for endpoint in endpoints)
        operations = [operation for operation in self.operations.values() if not operation.incoming]
        unplain = (BooleanProperty, DateProperty, DateTimeProperty, FloatProperty, AnyProperty, UnionProperty)
        return Uses(
            query=needs_query,
            headers=needs_headers,
            texts=needs_query or needs_headers or any(holds(prop, *unplain) for prop in parameters),
            mapping=any(self._is_renamed(body) or any(map(is_mapped, fields_of(body) or [body])) for body in bodies),
            renaming=bool(self._reachable(endpoint_results(self._data)) & self._renamed_models),
            ranges=any(not error.status.isdecimal() for error in self.errors),
            keyless=any(operation.key != "required" for operation in operations),
            fields=any(operation.has_fields for operation in operations),
            bodies=any(operation.body and not operation.has_fields for operation in operations),
            unset=any(field.default == "UNSET" for operation in operations for field in operation.body)
            or any(field.default == "UNSET" for model in self._data.models for field in self.model_fields(model)),
            incoming=len(operations) < len(self.operations),
            tagged=any(map(tag_of_model, self._data.models)),
            numbers=any(holds(prop, FloatProperty, AnyProperty) for prop in [*parameters, *bodies]),
        )

    def codec_types(self) -> tuple[str, str]:
        """The annotations of a decoder, and of all documented errors of an operation."""
        decoders = ["msgspec.json.Decoder[{}]", *(["RenamingDecoder[{}]"] if self.uses.renaming else [])]
        decoder, any_decoder = (" | ".join(decoders).format(*[kind] * len(decoders)) for kind in ("T", "Any"))
        statuses = "int | str" if self.uses.ranges else "int"
        return f'"{decoder}"', f'"Mapping[{statuses}, tuple[type[ApiError], {any_decoder} | None]]"'

    # Models and enums

    def json_names(self) -> dict[str, str]:
        """The names in the document of the fields that have another one in Python."""
        fields = [field for model in self._data.models for field in self.fields(model, RECEIVED)]
        return {field.name: field.json_name for field in fields if field.name != field.json_name}

    def _is_renamed(self, model: Any) -> bool:
        return any(field.name != field.json_name for field in self.fields(model, RECEIVED))

    def model_fields(self, model: ModelProperty) -> list[Field]:
        """The fields of a model, with the types that suit its use."""
        name = str(model.class_info.name)
        use = RECEIVED if name in self._received_models else SENT
        return self.fields(model, use, null_is_sent=name in self._sent_models)

    def fields(self, model: Any, use: str, *, null_is_sent: bool = False) -> list[Field]:
        """The fields of a model, required ones first."""
        return [self._described_field(model, prop, use, null_is_sent=null_is_sent) for prop in fields_of(model)]

    def _described_field(self, model: ModelProperty, prop: Any, use: str, *, null_is_sent: bool) -> Field:
        """A field, with what is said of it there beside a `$ref`."""
        field = self._field(prop, use, null_is_sent=null_is_sent)
        declared = (model.data.properties or {}).get(prop.name)
        description = text(getattr(declared, "description", None)) or field.description
        raw = {"deprecated": getattr(declared, "deprecated", False)}
        return attrs.evolve(field, description=_deprecated(raw, description))

    def _field(self, prop: Any, use: str, *, null_is_sent: bool = False) -> Field:
        kind = self.annotation(prop, use)
        default = default_code(prop)
        if not prop.required and default is None:
            is_nullable = any(isinstance(inner, NoneProperty) for inner in [prop, *inner_props(prop)])
            if is_nullable and null_is_sent:
                kind, default = f"{kind} | UnsetType", "UNSET"
            else:
                kind, default = kind if is_nullable else f"{kind} | None", "None"
        json_name = self._original(raw_name(prop))
        # Python reads an identifier in this form, whichever way it is written
        name = unicodedata.normalize("NFKC", str(prop.python_name))
        return Field(name, json_name, kind, text(prop.description), default)

    def annotation(self, prop: Any, use: str) -> str:
        """The Python type of a value."""
        match prop:
            case ConstProperty():
                return f"Literal[{prop.value.raw_value!r}]"
            case ModelProperty() if is_map(prop):
                return MAPS[use].format(self.annotation(prop.additional_properties, use))
            case EnumProperty() | ModelProperty():
                return str(prop.class_info.name)
            case ListProperty():
                return LISTS[use].format(self.annotation(prop.inner_property, use))
            case UnionProperty():
                one = one_of_one_or_many(prop)
                if one is not None and use == RECEIVED:
                    return f"OneOrMany[{self.annotation(one, use)}]"
                return " | ".join(dict.fromkeys(self.annotation(inner, use) for inner in prop.inner_properties))
            case _ if type(prop) not in SIMPLE_TYPES:
                self._refuse((), f"{raw_name(prop)} is of a kind that is not supported")
            case _:
                return SIMPLE_TYPES[type(prop)]

    def _reachable(self, props: Iterable[Any]) -> set[str]:
        """The names of all models and enums that values of these types can hold."""
        classes = [prop for prop in everything_in(props) if isinstance(prop, EnumProperty | ModelProperty)]
        return {str(prop.class_info.name) for prop in classes}

    def enum_extensions(self, enum: EnumProperty) -> EnumExtensions:
        """What the document's extensions say of the values of an enum, which is found again by its values."""
        found: list[EnumExtensions] = []
        for pointer, schema in self._document.schemas():
            values = [value for value in schema.get("enum", []) if value is not None]
            if [escaped(value) for value in values] != list(enum.values.values()):
                continue
            final = zip(schema["enum"], schema.get("x-enum-final", []), strict=False)
            words = zip(schema["enum"], schema.get("x-enum-descriptions", []), strict=False)
            extensions = EnumExtensions(
                {value: text for value, text in words if value is not None},
                [value for value, is_final in final if is_final and value is not None],
            )
            if found and extensions != found[0]:
                self._refuse(
                    pointer, "another enum has these values, and says something else of them; share one schema"
                )
            found.append(extensions)
        return found[0] if found else EnumExtensions({}, [])


def _key(alternatives: Sequence[dict[str, Any]]) -> str:
    """Whether an operation takes a key, by the alternatives that it documents."""
    if not any(alternatives):
        return "none"
    return "optional" if {} in alternatives else "required"


def _deprecated(raw: dict[str, Any], description: str) -> str:
    return f"Deprecated. {description}".strip() if raw.get("deprecated") else description


def _unset(field: Field, more: str) -> Field:
    """A field that is not sent unless it is given."""
    return attrs.evolve(
        field, type=f"{field.type} | UnsetType", default="UNSET", description=f"{field.description}{more}".strip()
    )


def escaped(value: Any) -> Any:
    """The value of an enum as openapi-python-client keeps it, which is ready to stand between double quotes."""
    return strings.in_double_quote_literal(value) if isinstance(value, str) else value


def model_imports(model: ModelProperty) -> list[str]:
    """The imports of a model's module."""
    infos = class_infos(inner_props(model))
    return [f"from .{module} import {name}" for name, module in sorted(infos.items())]


def error_name(status: str) -> str:
    """The name of the exception for an error status, after the status's name in HTTP."""
    if not status.isdecimal():
        return SHARED_ERRORS[status]
    try:
        phrase = PHRASES.get(int(status)) or HTTPStatus(int(status)).phrase
    except ValueError:
        phrase = f"Status {status}"
    return strings.pascal_case(phrase).removesuffix("Error") + "Error"


def reserved_classes(document: Document, package: str) -> set[str]:
    """The names of classes that stand whatever the schemas are called."""
    client = strings.pascal_case(package)
    statuses = {status for _, operation in document.operations() for status in operation.get("responses", {})}
    errors = {error_name(status) for status in statuses if not status.startswith("2")}
    clients = {f"{prefix}{client}{suffix}" for prefix in ("", "Async") for suffix in ("", "WithRawResponse")}
    return {*CLASS_NAMES, *clients, f"{client}Error", *errors}


def path_code(path: str, parameters: Sequence[Field]) -> str:
    """The path as a Python expression of its parameters' encoded segments."""
    if not parameters:
        return repr(path)
    segments = {parameter.json_name: parameter.encoded for parameter in parameters}
    pieces = re.split(r"{(.*?)}", path)
    return " + ".join(segments[piece] if index % 2 else repr(piece) for index, piece in enumerate(pieces) if piece)
