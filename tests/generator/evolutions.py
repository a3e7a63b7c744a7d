"""What a vendor may change: edits of openapi.yaml, and the user's code for what is new.

Each call is written once, and made by both clients. `{value}` of an error stands for the exception that was raised.
"""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

Part = dict[str, Any]


@attrs.frozen
class Call:
    """A call of the new thing.

    Attributes:
        code: The call, without the client before it.
        holds: What is true of its `value`, as an expression.
        raises: The exception that comes, if any.
        status: What the server answers.
        answer: The JSON that it answers, None for an empty body.
        path: The path and query that it must be asked for; None if nothing may be sent.
        method: The method that it must be asked with.
        body: The JSON that it must have been sent.
        headers: Headers that it must have been sent; None for one that must not be there.
    """

    code: str
    path: str | None
    holds: str = "True"
    raises: str = ""
    status: int = 200
    answer: Any = None
    method: str = "GET"
    body: Any = None
    headers: dict[str, str | None] = attrs.field(factory=lambda: {"authorization": "Bearer key"})


@attrs.frozen
class Evolution:
    """A change of the document, and calls that use it."""

    name: str
    edit: Callable[[Part], object]
    calls: Sequence[Call]


def _json(schema: Part) -> Part:
    return {"application/json": {"schema": schema}}


def _schema(document: Part, name: str, schema: Part) -> None:
    document["components"]["schemas"][name] = schema


def _operation(document: Part, path: str, method: str, name: str, result: Part | None, **others: Any) -> None:
    responses = {"200": {"description": "It is so.", **({"content": _json(result)} if result else {})}}
    operation: Part = {"operationId": name, "tags": ["sms"], "summary": "Does it.", "responses": responses}
    document["paths"][path] = {method: operation | others}


def _parameter(name: str, place: str, schema: Part, **others: Any) -> Part:
    return {"name": name, "in": place, "schema": schema, "description": "Says how.", **others}


def _body(properties: Part, *required: str) -> Part:
    schema = {"type": "object", "properties": properties, "required": [*required]}
    return {"required": True, "content": _json(schema)}


def _object(**properties: Part) -> Part:
    return {"type": "object", "properties": properties, "required": [*properties]}


STRING, INTEGER, BOOLEAN = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
DATE, MOMENT, UUID = ({"type": "string", "format": name} for name in ("date", "date-time", "uuid"))
COLOUR = {"$ref": "#/components/schemas/Colour"}
REPORT = {"phone_number": "+33612345678", "status": 10}


def _new_code(document: Part) -> None:
    status = document["components"]["schemas"]["SmsStatus"]
    additions = {"enum": 77, "x-enum-varnames": "LOST", "x-enum-descriptions": "Lost", "x-enum-final": True}
    for key, value in additions.items():
        status[key].append(value)


def _new_fields(document: Part) -> None:
    schema = document["components"]["schemas"]["NewMessage"]
    schema["properties"] |= {"priority": INTEGER, "campaign": STRING}
    schema["required"].append("campaign")
    for media in document["paths"]["/sms"]["post"]["requestBody"]["content"].values():
        media.pop("examples")


def _new_response_fields(document: Part) -> None:
    schema = document["components"]["schemas"]["SmsReport"]
    schema["properties"] |= {"cost": {"type": ["number", "null"]}, "note": STRING}
    schema["required"].append("cost")
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                for response in operation["responses"].values():
                    response.get("content", {}).get("application/json", {}).pop("examples", None)


def _search(document: Part) -> None:
    _schema(document, "Colour", {"type": "string", "enum": ["red", "dark-blue"], "description": "A colour."})
    parameters = [
        _parameter("groupId", "path", INTEGER, required=True),
        _parameter("name", "path", STRING, required=True),
        _parameter("page", "query", INTEGER, required=True),
        _parameter("limit", "query", {"type": "integer", "default": 50}),
        _parameter("colour", "query", COLOUR),
        _parameter("tags", "query", {"type": "array", "items": STRING}),
        _parameter("ids", "query", {"type": "array", "items": INTEGER}, explode=False),
        _parameter("since", "query", DATE),
        _parameter("at", "query", MOMENT),
        _parameter("exact", "query", BOOLEAN),
        _parameter("X-Trace-Id", "header", STRING),
        _parameter("X-Depth", "header", INTEGER),
    ]
    answer = {"type": "array", "items": COLOUR}
    _operation(document, "/groups/{groupId}/{name}", "get", "searchGroup", answer, parameters=parameters)


SEARCH = "search_group(3, 'a/b', page=1{})"
TRACED: dict[str, str | None] = {"x-trace-id": "t 1", "x-depth": "2", "authorization": "Bearer key"}


def _formats(document: Part) -> None:
    answer = _object(at=MOMENT, day=DATE, key=UUID)
    body = _body({"at": MOMENT, "day": DATE, "key": UUID}, "at", "day", "key")
    _operation(document, "/moments", "post", "keepMoment", answer, requestBody=body)


MOMENTS = {"at": "2030-01-02T03:04:05Z", "day": "2030-01-02", "key": "00000000-0000-0000-0000-000000000007"}
NOW = "at=datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)"


def _nested(document: Part) -> None:
    _schema(document, "Base", {**_object(id=INTEGER), "description": "What has an id."})
    place = {"type": "object", "required": ["town"], "properties": {"town": STRING, "street": STRING}}
    _schema(document, "Place", {**place, "description": "Where it is."})
    place_ref = {"$ref": "#/components/schemas/Place"}
    own = _object(
        home=place_ref,
        others={"type": "object", "additionalProperties": place_ref},
        grid={"type": "array", "items": {"type": "array", "items": INTEGER}},
    )
    person = {"allOf": [{"$ref": "#/components/schemas/Base"}, own], "description": "Somebody."}
    _schema(document, "Person", person)
    person_ref = {"$ref": "#/components/schemas/Person"}
    body = {"required": True, "content": _json(person_ref)}
    _operation(document, "/people", "put", "keepPerson", person_ref, requestBody=body)


PERSON = {"id": 1, "home": {"town": "Ys"}, "others": {"work": {"town": "Is", "street": "S"}}, "grid": [[1, 2], []]}


def _bare(document: Part) -> None:
    _operation(document, "/name", "get", "readName", STRING)
    _operation(document, "/count", "get", "readCount", {"type": "number"})
    _operation(document, "/all", "delete", "dropAll", None)
    responses = document["paths"]["/all"]["delete"]["responses"]
    responses["204"] = responses.pop("200")


def _errors(document: Part) -> None:
    responses = document["paths"]["/sms/{id}"]["get"]["responses"]
    responses["402"] = {"description": "Not paid.", "content": _json(_object(needed=INTEGER))}
    responses["409"] = {"description": "In the way."}
    responses["429"] = {"description": "Too much.", "content": _json(_object(limit=INTEGER))}


def _ranges(document: Part) -> None:
    responses = document["paths"]["/sms/{id}"]["get"]["responses"]
    responses["4XX"] = {"description": "Your mistake."}
    responses["default"] = {"description": "Anything else.", "content": _json(_object(code=INTEGER))}


def _public(document: Part) -> None:
    _operation(document, "/health", "get", "readHealth", STRING, security=[])
    document["tags"].append({"name": "health check", "description": "Whether it works."})
    document["paths"]["/health"]["get"]["tags"] = ["health check"]


def _names(document: Part) -> None:
    names = ("from", "class", "message-id", "2fa", "camelCase")
    fields = dict.fromkeys(names, STRING) | {"fooBar": INTEGER, "foo_bar": INTEGER, "foo-bar": INTEGER}
    _schema(document, "Odd", {**_object(**fields), "description": "Odd names."})
    odd = {"$ref": "#/components/schemas/Odd"}
    body = {"required": True, "content": _json(odd)}
    parameters = [
        _parameter("from", "path", INTEGER, required=True),
        _parameter("timezone", "query", STRING),
        _parameter("self", "query", STRING),
    ]
    items = {"type": "array", "items": odd}
    _operation(document, "/odd/{from}", "post", "keepOdd", items, requestBody=body, parameters=parameters)


ODD = {
    "from": "f",
    "class": "c",
    "message-id": "m",
    "2fa": "2",
    "camelCase": "cc",
    "fooBar": 1,
    "foo_bar": 2,
    "foo-bar": 3,
}
ODD_CALL = (
    "keep_odd(5, from_body='f', class_='c', message_id='m', field_2fa='2', camel_case='cc', foo_bar_2=1, foo_bar=2, "
    "foo_bar_3=3, timezone_='z', self_='s')"
)
ODD_PATH = "/odd/5?timezone=z&self=s"


def _renamed(document: Part) -> None:
    document["paths"]["/sms/{id}"]["get"]["operationId"] = "readSms"
    del document["paths"]["/message/{id}"]
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values() if isinstance(operation, dict) else ():
                response.pop("links", None)


CREATE = {"message_text": "Hi", "message_stop": False, "delivery_date": "2030-01-01 00:00:00", "sender_id": 1}
CREATED = {"message_id": 1, "sms_ids": {"+33612345678": [2]}}
CREATE_CALL = "create_sms(message_text='Hi', delivery_date='2030-01-01 00:00:00', sender_id=1, phone_numbers='+33612345678', campaign={})"

EVOLUTIONS = [
    Evolution("status-code", _new_code, [
        Call("get_sms(7)", "/sms/7", "value.status is SmsStatus.LOST and value.status.is_final and value.status.description == 'Lost'", answer={**REPORT, "status": 77}),
    ]),
    Evolution("request-fields", _new_fields, [
        Call(CREATE_CALL.format("'c'"), "/sms", "value.message_id == 1", answer=CREATED, method="POST", body={**CREATE, "phone_numbers": "+33612345678", "campaign": "c"}),
        Call(CREATE_CALL.format("'c', priority=4"), "/sms", answer=CREATED, method="POST", body={**CREATE, "phone_numbers": "+33612345678", "campaign": "c", "priority": 4}),
        Call(CREATE_CALL.format("cast(str, 5)"), None, "'campaign' in str(value)", "TypeError"),
    ]),
    Evolution("response-fields", _new_response_fields, [
        Call("get_sms(7)", "/sms/7", "value.cost == 0.5 and value.note == 'n'", answer={**REPORT, "cost": 0.5, "note": "n"}),
        Call("get_sms(7)", "/sms/7", "value.cost is None and value.note is None", answer={**REPORT, "cost": None}),
        Call("get_sms(7)", "/sms/7", "'`cost`' in value.problem", "InvalidResponseError", answer=REPORT),
    ]),
    Evolution("parameters", _search, [
        Call(SEARCH.format(""), "/groups/3/a%2Fb?page=1&limit=50", "value == [Colour.DARK_BLUE, 'green']", answer=["dark-blue", "green"], headers={"x-trace-id": None}),
        Call(SEARCH.format(", limit=7, colour=Colour.RED, tags=('a b', 'c&d'), ids=[1, 2], since=datetime.date(2030, 1, 2), exact=True, x_trace_id='t 1', x_depth=2"),
             "/groups/3/a%2Fb?page=1&limit=7&colour=red&tags=a%20b&tags=c%26d&ids=1,2&since=2030-01-02&exact=true", answer=[], headers=TRACED),
        Call(SEARCH.format(f", {NOW}"), "/groups/3/a%2Fb?page=1&limit=50&at=2030-01-02T03%3A04%3A05%2B00%3A00", answer=[]),
        Call(SEARCH.format(", at=datetime.datetime(2030, 1, 2)"), None, "'at: a date and time needs a time zone' in str(value)", "ValueError"),
        Call(SEARCH.format(", tags=cast(list[str], [1])"), None, "'tags[0]' in str(value)", "TypeError"),
        Call(SEARCH.format(", x_trace_id='a\\nb'"), None, "'X-Trace-Id' in str(value)", "ValueError"),
    ]),
    Evolution("formats", _formats, [
        Call(f"keep_moment({NOW}, day=datetime.date(2030, 1, 2), key=uuid.UUID(int=7))", "/moments", "value.at.year == 2030 and value.day.day == 2 and value.key.int == 7", answer=MOMENTS, method="POST", body=MOMENTS),
        Call("keep_moment(at=datetime.datetime(2030, 1, 2), day=datetime.date(2030, 1, 2), key=uuid.UUID(int=7))", None, "'time zone' in str(value)", "ValueError"),
        Call(f"keep_moment({NOW}, day=datetime.date(2030, 1, 2), key=uuid.UUID(int=7))", "/moments", "value.path == '$.day'", "InvalidResponseError", answer={**MOMENTS, "day": "2030-13-02"}, method="POST", body=MOMENTS),
    ]),
    Evolution("nested", _nested, [
        Call("keep_person(id=1, home=Place(town='Ys'), others={'work': Place(town='Is', street='S')}, grid=((1, 2), []))", "/people", "value.home.town == 'Ys' and value.others['work'].street == 'S' and value.grid == [[1, 2], []]", answer=PERSON, method="PUT", body=PERSON),
        Call("keep_person(id=1, home=Place(town=cast(str, 5)), others={}, grid=[])", None, "'home.town' in str(value)", "TypeError"),
        Call("keep_person(id=1, home=Place(town='Ys'), others={}, grid=[])", "/people", "value.path == '$.grid[0][0]'", "InvalidResponseError", answer={**PERSON, "grid": [["x"]]}, method="PUT", body={"id": 1, "home": {"town": "Ys"}, "others": {}, "grid": []}),
    ]),
    Evolution("bare-results", _bare, [
        Call("read_name()", "/name", "value.upper() == 'ANN'", answer="Ann"),
        Call("read_count()", "/count", "value + 1 == 3.5", answer=2.5),
        Call("drop_all()", "/all", status=204, method="DELETE"),
    ]),
    Evolution("error-statuses", _errors, [
        Call("get_sms(7)", "/sms/7", "value.needed == 3 and value.status_code == 402", "PaymentRequiredError", 402, {"needed": 3}),
        Call("get_sms(7)", "/sms/7", "value.path == '$'", "InvalidResponseError", 402, {}),
        Call("get_sms(7)", "/sms/7", "value.status_code == 409", "ConflictError", 409),
        Call("get_sms(7)", "/sms/7", "value.limit == 5 and value.retry_after is None", "RateLimitError", 429, {"limit": 5}),
    ]),
    Evolution("ranges", _ranges, [
        Call("get_sms(7)", "/sms/7", "value.status_code == 404", "NotFoundError", 404),
        Call("get_sms(7)", "/sms/7", "value.status_code == 418", "ClientError", 418),
        Call("get_sms(7)", "/sms/7", "value.code == 9 and value.status_code == 520", "DefaultError", 520, {"code": 9}),
        Call("delete_sms(7)", "/sms/7", "value.status_code == 418", "UnexpectedStatusError", 418, method="DELETE"),
    ]),
    Evolution("without-key-and-second-tag", _public, [
        Call("read_health()", "/health", "value == 'well'", answer="well", headers={"authorization": None}),
        Call("get_sms(7)", "/sms/7", answer=REPORT),
    ]),
    Evolution("odd-names", _names, [
        Call(ODD_CALL, ODD_PATH, "value[0].from_ == 'f' and value[0].message_id == 'm' and (value[0].foo_bar_2, value[0].foo_bar, value[0].foo_bar_3) == (1, 2, 3)", answer=[ODD], method="POST", body=ODD),
        Call(ODD_CALL, ODD_PATH, "'`message-id`' in value.problem", "InvalidResponseError", answer=[{name: value for name, value in ODD.items() if name != "message-id"}], method="POST", body=ODD),
        Call(ODD_CALL, ODD_PATH, "value.path == '$[0].from'", "InvalidResponseError", answer=[{**ODD, "from": 5}], method="POST", body=ODD),
    ]),
    Evolution("renamed-and-deleted-operations", _renamed, [
        Call("read_sms(7)", "/sms/7", "value.status is SmsStatus.SCHEDULED", answer=REPORT),
    ]),
]  # fmt: skip
