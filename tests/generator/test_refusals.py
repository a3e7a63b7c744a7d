"""What cannot be used is refused: a line for each mistake that says where and what, and the old client stays."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import attrs
import pytest
from generator import cli as generate

from .commands import COMMAND, DOCUMENT, FIRST, PACKAGE, ROOT, run, tree

TEXT = FIRST.read_text(encoding="utf-8")
COMMITTED = ROOT / "generated" / PACKAGE
LAST_LINE = "Nothing was changed."


class Refuse:
    """Gives the command what it refuses, and sees that nothing was touched.

    The process is this one, because most of a run's time is that of importing; `run` is for those tests where the
    process matters.
    """

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.output = folder / "out"
        self._capsys = capsys
        shutil.copytree(COMMITTED, self.output / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))

    def document(self, content: str | bytes) -> list[str]:
        """The lines that say why a document, which stands in api.yaml, is refused."""
        (self.folder / "api.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
        return self.arguments("--document", "api.yaml", "--output", "out")

    def arguments(self, *arguments: str) -> list[str]:
        before = tree(self.folder)
        code = generate.main(list(arguments))
        printed = self._capsys.readouterr()
        assert (code, printed.out) == (2, "")
        assert tree(self.folder) == before
        assert [path.name for path in self.output.iterdir()] == [PACKAGE], "something was left behind"
        *lines, last = printed.err.splitlines()
        assert last == LAST_LINE
        return lines


@pytest.fixture
def refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """In a folder of its own, with the committed client in `out`."""
    monkeypatch.chdir(tmp_path)
    return Refuse(tmp_path, capsys)


def edited(old: str, new: str) -> str:
    """The document with the first `old` replaced."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def position(document: str, needle: str) -> str:
    """Line and column of the first place that reads `needle`."""
    before = document[: document.index(needle)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


# What is no document at all


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "api.yaml:1:1: expected an OpenAPI document, which is a mapping starting with `openapi: 3.1.0`"),
        ("# nothing\n", "api.yaml:1:1: expected an OpenAPI document, which is a mapping starting with `openapi: 3.1.0`"),
        ("- a\n- b\n", "api.yaml:1:1: expected an OpenAPI document, which is a mapping starting with `openapi: 3.1.0`"),
        ("a: b\n".encode("utf-16"), "api.yaml:1: not UTF-8; save the file in that encoding"),
        (b"a: b\nc: caf\xe9\n", "api.yaml:2: not UTF-8; save the file in that encoding"),
        ("a: [1, 2\nb: 3\n", "api.yaml:2:2: not valid YAML: expected ',' or ']', but got ':'"),
        ("a: b\n\tc: d\n", "api.yaml:2:1: not valid YAML: found character '\\t' that cannot start any token"),
        ("a: b\nc: d\na: e\n", 'api.yaml:3:1: a: the key a stands twice; keep one'),
        ("a: &a\n  b: *a\n", "api.yaml:1:4: not valid YAML: an alias that contains itself; write it out"),
        ("a: !!python/object/apply:os.getcwd []\n", "api.yaml:1:1: a: the tag !!python/object/apply:os.getcwd does not suit"),
    ],
)  # fmt: skip
def test_no_document(refuse: Refuse, content: str | bytes, expected: str) -> None:
    (line,) = refuse.document(content)
    assert line.startswith(expected)


def test_one_that_is_too_deep_to_read(refuse: Refuse) -> None:
    (line,) = refuse.document("[" * 100_000)
    assert line == "api.yaml:1:201: not valid YAML: it is nested too deeply"


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_schemas_that_stand_for_billions(refuse: Refuse, keyword: str) -> None:
    layers = [f"    B{i}: {{{keyword}: [{', '.join(['{$ref: ' + repr(f'#/components/schemas/B{i - 1}') + '}'] * 9)}]}}"
              for i in range(1, 12)]  # fmt: skip
    bomb = "\n".join(["    B0: {type: object}", *layers])
    document = LAMPS.replace("  schemas:\n", f"  schemas:\n{bomb}\n")
    (line,) = refuse.document(document)
    assert line == (
        f"api.yaml:{position(document, 'B4:')}: components.schemas.B4: is put together of more than 1000 schemas; "
        "write out those that are needed"
    )


def test_no_file(refuse: Refuse) -> None:
    lines = refuse.arguments("--document", "nowhere.yaml", "--output", "out")
    assert lines == ["nowhere.yaml: cannot be read: No such file or directory"]


def test_a_folder_for_a_document(refuse: Refuse) -> None:
    (refuse.folder / "folder.yaml").mkdir()
    assert refuse.arguments("--document", "folder.yaml", "--output", "out") == [
        "folder.yaml: cannot be read: Is a directory"
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(refuse: Refuse) -> None:
    (refuse.folder / "api.yaml").write_text(TEXT)
    (refuse.folder / "api.yaml").chmod(0)
    (line,) = refuse.arguments("--document", "api.yaml", "--output", "out")
    assert line == "api.yaml: cannot be read: Permission denied"


# Mistakes in a document


@attrs.frozen
class Mistake:
    """An edit of the document and what is said of it.

    Attributes:
        id: The name of the test.
        old: What stands in the document, and `new` what is put there.
        at: The text at whose place in the edited document the mistake is reported.
        pointer: The pointer that the line has.
        problem: How the rest of the line starts.
    """

    id: str
    old: str
    new: str
    at: str
    pointer: str
    problem: str


SMS = "paths./sms.post"
GET_SMS = "paths./sms/{id}.get"
STATUS = "components.schemas.SmsStatus"
NEW_MESSAGE = "components.schemas.NewMessage"
EXAMPLE = "the example is not what its schema says: "

MISTAKES = [
    # the document as a whole
    Mistake("old-version", "openapi: 3.1.0", "openapi: 3.0.3", "openapi: 3.0.3",
            "openapi", "expected an OpenAPI version 3.1.x, not '3.0.3'"),
    Mistake("version-as-number", "openapi: 3.1.0", "openapi: 3.1", "openapi: 3.1",
            "openapi", "expected an OpenAPI version 3.1.x, not 3.1"),
    Mistake("no-version", "openapi: 3.1.0", "swagger: 3.1.0", "# The SMS",
            "openapi", "expected an OpenAPI version 3.1.x, not None"),
    Mistake("no-title", "  title: SMS Scheduler\n", "", "info:",
            "info", '"title" is a required property'),
    Mistake("misspelt-keyword", "summary: Get the sending report of one SMS.", "sumary: Report.", "get:",
            GET_SMS, "Unevaluated properties are not allowed ('sumary' was unexpected)"),
    Mistake("misspelt-type", "          type: string\n          description: The content", "          type: strng\n          description: The content",
            "type: strng", f"{NEW_MESSAGE}.properties.message_text.type", '"strng" is not one of "array", "boolean", "integer"'),
    Mistake("integer-status", '"404":\n          $ref', "404:\n          $ref", "404:",
            f"{GET_SMS}.responses.404", "the key 404 must be text: put it in quotes"),
    Mistake("boolean-key", "        message_stop:\n          type: boolean", "        true:\n          type: boolean", "true:\n          type: boolean",
            f"{NEW_MESSAGE}.properties.true", "the key true must be text: put it in quotes"),
    # references
    Mistake("dangling", 'schemas/SmsReport"', 'schemas/Smsreport"', '$ref: "#/components/schemas/Smsreport"',
            f"{GET_SMS}.responses.200.content.application/json.schema.$ref", "leads nowhere: there is no #/components/schemas/Smsreport"),
    Mistake("to-itself", "    NotFound:\n", '    Loop:\n      $ref: "#/components/responses/Loop"\n    NotFound:\n',
            '$ref: "#/components/responses/Loop"', "components.responses.Loop.$ref", "leads back to itself"),
    Mistake("elsewhere", '"#/components/schemas/SmsReport"', '"other.yaml#/SmsReport"', '$ref: "other.yaml',
            f"{GET_SMS}.responses.200.content.application/json.schema.$ref", "expected a reference into this document"),
    # operations
    Mistake("no-operation-id", "      operationId: createSms\n", "", "post:",
            SMS, "expected an operationId, which names the client's method"),
    Mistake("operation-id-twice", "operationId: createSms", "operationId: getSms", "operationId: getSms\n      tags: [sms]\n      summary: Get",
            f"{GET_SMS}.operationId", "getSms is the operationId of paths./sms.post too; each needs its own"),
    Mistake("one-name-for-two", "operationId: createSms", "operationId: get_sms", "operationId: getSms\n      tags: [sms]\n      summary: Get",
            f"{GET_SMS}.operationId", "get_sms would name two methods in Python; rename one operation"),
    # extensions
    Mistake("too-few-names", "        - SCHEDULED\n", "", "x-enum-varnames:\n",
            f"{STATUS}.x-enum-varnames", "expected 20 items, one for each value of `enum`, not 19"),
    Mistake("too-many-descriptions", "        - Scheduled\n", "        - Scheduled\n        - Scheduled\n", "x-enum-descriptions:\n",
            f"{STATUS}.x-enum-descriptions", "expected 20 items, one for each value of `enum`, not 21"),
    Mistake("finals-as-text", "[false, false,", '["no", false,', "x-enum-final: [",
            f"{STATUS}.x-enum-final", "expected a list of true or false"),
    Mistake("description-as-number", "        - Scheduled\n", "        - 7\n", "x-enum-descriptions:\n",
            f"{STATUS}.x-enum-descriptions", "expected a list of texts"),
    Mistake("no-enum", "x-datetime-format: \"%Y-%m-%d %H:%M:%S\"", "x-enum-varnames: [A]", "x-enum-varnames: [A]",
            f"{NEW_MESSAGE}.properties.delivery_date.x-enum-varnames", "expected an `enum` beside it"),
    Mistake("name-in-lower-case", "- PENDING\n", "- pending\n", "pending\n",
            f"{STATUS}.x-enum-varnames.1", "expected a name in upper case, such as NOT_SENT, not 'pending'"),
    Mistake("name-as-code", "- PENDING\n", "- 'PENDING = 1; import os'\n", "'PENDING = 1",
            f"{STATUS}.x-enum-varnames.1", "expected a name in upper case, such as NOT_SENT, not 'PENDING = 1; import os'"),
    Mistake("name-twice", "- PENDING\n", "- SCHEDULED\n", "SCHEDULED\n        - SENT",
            f"{STATUS}.x-enum-varnames.1", "SCHEDULED stands twice"),
    Mistake("unknown-extension", "x-enum-final:", "x-enum-finals:", "x-enum-finals:",
            f"{STATUS}.x-enum-finals", "unknown extension; is x-enum-final meant?"),
    Mistake("date-format-of-a-number", "type: integer\n          description: The id of the sender", 'type: integer\n          x-datetime-format: "%Y"\n          description: The id of the sender',
            'x-datetime-format: "%Y"\n', f"{NEW_MESSAGE}.properties.sender_id.x-datetime-format", "expected `type: string` beside it"),
    # examples
    Mistake("request-example", "sender_id: 123\n", "sender_id: me\n", "sender_id: me",
            f"{SMS}.requestBody.content.application/json.examples.fromThePage.value.sender_id", f'{EXAMPLE}"me" is not of type "integer"'),
    Mistake("response-example", "success: true\n", "success: 1\n", "success: 1\n",
            "paths./sms/{id}.delete.responses.200.content.application/json.examples.fromThePage.value.success", f'{EXAMPLE}1 is not of type "boolean"'),
    Mistake("shared-example", "                  message_stop:\n                    - The", "                  message_stop:\n                    - 5\n                    - The", "5\n                    - The",
            "components.responses.BadRequest.content.application/json.examples.fromThePage.value.errors.message_stop.0", f'{EXAMPLE}5 is not of type "string"'),
    Mistake("parameter-example", "example: 123456", "example: first", "example: first",
            "paths./sms/{id}.parameters.0.example", f'{EXAMPLE}"first" is not of type "integer"'),
    Mistake("property-example", "type: integer\n          description: The number of SMS deleted.", "type: integer\n          examples: [1, two]\n          description: The number of SMS deleted.", "two]",
            "components.schemas.MessageDeletion.properties.success.examples.1", f'{EXAMPLE}"two" is not of type "integer"'),
    Mistake("default", "default: false", "default: off-and-on", "default: off-and-on",
            f"{NEW_MESSAGE}.properties.message_stop.default", f'{EXAMPLE}"off-and-on" is not of type "boolean"'),
    # what is not supported
    Mistake("two-results", "      responses:\n        \"200\":\n          description: The message was created.", "      responses:\n        \"202\":\n          description: Later.\n          content: {application/json: {schema: {type: string}}}\n        \"200\":\n          description: The message was created.", "responses:\n        \"202\"",
            f"{SMS}.responses", "expected one body for all statuses of success; give them one schema"),
    Mistake("no-servers", TEXT[TEXT.index("servers:"):TEXT.index("security:")], "", "# The SMS",
            "the document", "expected `servers` with at least one url, which the client uses by default"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_mistake_is_named_with_its_place(refuse: Refuse, mistake: Mistake) -> None:
    document = edited(mistake.old, mistake.new)
    (line,) = refuse.document(document)
    assert line.startswith(f"api.yaml:{position(document, mistake.at)}: {mistake.pointer}: {mistake.problem}")


def test_every_mistake_is_named_in_the_order_of_the_file(refuse: Refuse) -> None:
    document = edited("  /sms/{id}:", "  /sms/{part}:")
    where = "paths./sms/{part}"
    expected = [
        (method, f"the path parameter {name} of {method}Sms is {problem}")
        for method in ("get", "delete")
        for name, problem in [("id", "declared, but not in the path"), ("part", "in the path, but not declared")]
    ]
    assert refuse.document(document) == [
        f"api.yaml:{position(document, f'{method}:')}: {where}.{method}: {problem}" for method, problem in expected
    ]


def test_a_content_type_that_is_not_json(refuse: Refuse) -> None:
    document = edited("application/json:", "application/xml:")
    lines = refuse.document(document)
    at = position(document, "requestBody:")
    assert lines[0] == (
        f"api.yaml:{at}: {SMS}.requestBody: the content type application/xml is not supported; use application/json"
    )


# Names and parts of other documents


LAMPS = Path(__file__).with_name("lamps.yaml").read_text(encoding="utf-8")
PUT = "paths./lamps.put"
BODY = f"{PUT}.requestBody.content.application/json.schema"
BODY_FIELDS = f"{BODY}.properties"
GET = "paths./lamps/{class}/{lampNumber}.get"
UNSUPPORTED = [
    # names that would hide something of the client
    Mistake("operation-named-close", "operationId: readLamp", "operationId: close", "operationId: close",
            f"{GET}.operationId", "is the name of another method of the client"),
    # what would be left out
    Mistake("cookie-parameter", "      parameters:\n", "      parameters:\n        - {name: page, in: cookie, schema: {type: integer}}\n", "get:",
            GET, "the cookie parameter page is not supported; use a header or the query"),
    Mistake("header-of-the-client", "      parameters:\n", "      parameters:\n        - {name: Authorization, in: header, schema: {type: string}}\n", "get:",
            GET, "the header parameter Authorization is not for a document to say: the client sets it by itself"),
    Mistake("no-header-name", "      parameters:\n", "      parameters:\n        - {name: 'a: b', in: header, schema: {type: string}}\n", "get:",
            GET, "the header parameter a: b has a name that no header can have; use letters, digits and hyphens"),
    Mistake("object-in-the-query", "      parameters:\n", "      parameters:\n        - {name: page, in: query, schema: {type: object}}\n", "get:",
            GET, "the query parameter page must be a text, a number, true or false, or a list"),
    Mistake("list-of-lists-in-the-query", "      parameters:\n", "      parameters:\n        - {name: page, in: query, schema: {type: array, items: {type: array, items: {type: string}}}}\n", "get:",
            GET, "the query parameter page must be a text, a number, true or false, or a list"),
    Mistake("list-in-a-header", "      parameters:\n", "      parameters:\n        - {name: page, in: header, schema: {type: array, items: {type: string}}}\n", "get:",
            GET, "the header parameter page must be a text, a number, true or false"),
    Mistake("query-in-another-style", "      parameters:\n", "      parameters:\n        - {name: page, in: query, style: pipeDelimited, schema: {type: array, items: {type: string}}}\n", "get:",
            GET, "the query parameter page is supported in the style form alone, without `allowReserved`"),
    Mistake("query-with-content", "      parameters:\n", "      parameters:\n        - {name: page, in: query, content: {application/json: {schema: {type: string}}}}\n", "get:",
            GET, "the query parameter page needs a `schema`; `content` is not supported"),
    Mistake("a-parameter-twice", "      parameters:\n", "      parameters:\n        - {name: a-b, in: query, schema: {type: string}}\n        - {name: a-b, in: query, schema: {type: integer}}\n", "{name: a-b, in: query, schema: {type: integer}}",
            f"{GET}.parameters.1", "the query parameter a-b stands twice; keep one"),
    Mistake("operation-without-a-name", "operationId: readLamp", "operationId: $_", "operationId: $_",
            f"{GET}.operationId", "expected a name with letters or digits"),
    Mistake("no-security-anywhere", "security:\n  - key: []\n", "", "# An API of ",
            "the document", "expected `security`, for the whole document or in each operation; `security: []` for none"),
    Mistake("status-before-the-last", '"409":', '"102":', '"102":',
            f"{PUT}.responses.102", "a status below 200 is not supported: such a response is not the last one"),
    Mistake("other-security", "{type: http, scheme: bearer}", "{type: apiKey, in: cookie, name: key}", "key: {type",
            "components.securitySchemes.key", "is not supported; use a bearer token, basic authentication, or a key in a header"),
    Mistake("key-in-a-header-of-http", "{type: http, scheme: bearer}", "{type: apiKey, in: header, name: Host}", "key: {type",
            "components.securitySchemes.key", "is not supported; use a bearer token, basic authentication, or a key in a header"),
    Mistake("key-in-no-header", "{type: http, scheme: bearer}", '{type: apiKey, in: header, name: "X\\r\\nEvil"}', "key: {type",
            "components.securitySchemes.key", "is not supported; use a bearer token, basic authentication, or a key in a header"),
    Mistake("server-with-variables", "https://lamps", "https://{region}.lamps", "url: https",
            "servers.0.url", "expected an absolute http or https URL without variables"),
    Mistake("relative-server", "https://lamps.example/v9", "/v9", "url: /v9",
            "servers.0.url", "expected an absolute http or https URL without variables"),
    *(
        Mistake(f"server-with-{name}", "https://lamps.example", url, "url: http", "servers.0.url", "expected an absolute http or https URL")
        for name, url in [("a-port-too-high", "https://lamps.example:65536"), ("half-an-address", "http://[::1"), ("a-password", "http://a:b@lamps.example"), ("a-space", "http://la mps.example")]
    ),
    Mistake("server-of-an-operation", "      operationId: readLamp", "      servers: [{url: 'https://other.example'}]\n      operationId: readLamp", "servers: [{",
            f"{GET}.servers", "servers of one path or operation are not supported"),
    Mistake("version-for-no-header", "version: 2.4.1", 'version: "2\\n4"', 'version: "2',
            "info.version", "expected a version such as 1.0.2"),
    Mistake("webhook-without-a-name", "components:\n", "webhooks: {$: {post: {requestBody: {content: {application/json: {schema: {}}}}, responses: {'200': {description: Seen.}}}}}\ncomponents:\n", "post: {req",
            "webhooks.$.post", "expected a name with letters or digits; give it an operationId"),
    Mistake("webhook-named-as-an-operation", "components:\n", "webhooks: {lamp: {post: {requestBody: {content: {application/json: {schema: {}}}}, responses: {'200': {description: Seen.}}}}}\ncomponents:\n", "post: {req",
            "webhooks.lamp.post", "decode_lamp would name two methods in Python; give it an operationId"),
    Mistake("webhook-without-json", "components:\n", "webhooks: {glow: {post: {requestBody: {content: {text/plain: {}}}, responses: {'200': {description: Seen.}}}}}\ncomponents:\n", "requestBody: {content: {text",
            "webhooks.glow.post.requestBody", "the content type text/plain is not supported; use application/json"),
    Mistake("path-elsewhere", "components:\n", "  /ponds:\n    $ref: '#/components/pathItems/Pond'\ncomponents:\n  pathItems: {Pond: {get: {operationId: readPond, responses: {'204': {description: Wet.}}}}}\n", "$ref: '#/components/pathItems/Pond'",
            "paths./ponds.$ref", "a reference to a path is not supported; write the path's operations here"),
    Mistake("fields-and-any-others", "    Switching:\n", "    Switching:\n      additionalProperties: {type: string}\n", "additionalProperties:",
            "components.schemas.Switching.additionalProperties", "a schema of other fields is not supported beside `properties`"),
    Mistake("file-in-a-body", "rooms: {type: array, items: {type: string}}", "rooms: {type: string, format: binary}", "format: binary",
            f"{BODY_FIELDS}.rooms.format", "raw bytes are not supported; use a text, such as one in base64"),
    Mistake("schema-in-itself", '"on": {type: boolean}', '"on": {type: boolean}\n        before: {$ref: "#/components/schemas/Switching"}', "Switching:\n",
            "components.schemas.Switching", "a schema that contains itself is not supported; leave the inner one without a schema, as `{}`"),
    Mistake("definition-in-itself", '        "on": {type: boolean}', '        "on": {type: boolean}\n        old: {$ref: "#/components/schemas/Switching/$defs/Old"}\n      $defs: {Old: {properties: {old: {$ref: "#/components/schemas/Switching/$defs/Old"}}}}', "Old: {prop",
            "components.schemas.Switching.$defs.Old", "a schema that contains itself is not supported; leave the inner one without a schema, as `{}`"),
    Mistake("objects-of-two-kinds", 'schema: {$ref: "#/components/schemas/Lamp"}', 'schema: {oneOf: [{$ref: "#/components/schemas/Lamp"}, {$ref: "#/components/schemas/Switching"}]}', "oneOf: [",
            f'{PUT}.responses.201.content.application/json.schema.oneOf', "objects of several kinds cannot be told apart; give each a required field with a `const` of its own, or describe them as one, with optional fields"),
    Mistake("content-without-schema", "This is a teapot.", "Tea.\n          content: {application/json: {}}", '"418":',
            f"{GET}.responses.418", "expected a `schema` of the content"),
    Mistake("date-format-in-a-list", "items: {type: string}", "items: {type: string, x-datetime-format: '%Y'}", "x-datetime-format: '%Y'",
            f"{BODY_FIELDS}.rooms.items.x-datetime-format", "has a meaning only for a field of a request body"),
    # what stands in a place that gives it another meaning
    Mistake("number-for-a-version", "version: 2.4.1", "version: 2.4", "version: 2.4",
            "info.version", '2.4 is not of type "string"'),
    Mistake("reference-of-the-default-response", '"418":\n          description: This is a teapot.', "default: {$ref: '#/components/responses/No'}", "$ref: '#/components/responses/No'",
            f"{GET}.responses.default.$ref", "leads nowhere: there is no #/components/responses/No"),
    Mistake("reference-in-the-default-response", "This is a teapot.", "Tea.\n        default: {description: Any., content: {application/json: {schema: {$ref: '#/components/schemas/No'}}}}", "$ref: '#/components/schemas/No'",
            f"{GET}.responses.default.content.application/json.schema.$ref", "leads nowhere: there is no #/components/schemas/No"),
    *(
        Mistake(f"reference-of-a-field-named-{name}", '"on": {type: boolean}', f"{name}: {{$ref: '#/components/schemas/No'}}\n        \"on\": {{type: boolean}}", "$ref: '#/components/schemas/No'",
                f"components.schemas.Switching.properties.{name}.$ref", "leads nowhere: there is no #/components/schemas/No")
        for name in ("default", "example", "value", "enum", "const")
    ),
    Mistake("reference-to-another-kind", "{$ref: \"#/components/schemas/Lamp\"}", "{$ref: '#/components/securitySchemes/key'}", "$ref: '#/components/sec",
            f"{PUT}.responses.201.content.application/json.schema.$ref", "expected a reference to one of #/components/schemas, not #/components/securitySchemes/key"),
    Mistake("reference-into-an-example", "{$ref: \"#/components/schemas/Lamp\"}", "{$ref: '#/components/schemas/Lamp/required'}", "$ref: '#/components/schemas/Lamp/",
            f"{PUT}.responses.201.content.application/json.schema.$ref", "expected a reference to one of #/components/schemas, not"),
    *(
        Mistake(f"keyword-{keyword}", '"on": {type: boolean}', f'"on": {{type: boolean, {keyword}: {value}}}', f"{keyword}: {value}",
                f"components.schemas.Switching.properties.on.{keyword}", f"the keyword {keyword} is not supported; leave it out, or describe it in words")
        for keyword, value in [("$dynamicRef", '"#x"'), ("$dynamicAnchor", "x"), ("$anchor", "x"), ("patternProperties", "{'^x': {}}"),
                               ("if", "{type: string}"), ("not", "{const: 5}"), ("prefixItems", "[{}]"), ("dependentRequired", "{a: [b]}"),
                               ("unevaluatedProperties", "{type: string}"), ("contentEncoding", "base64"), ("minimun", "5")]
    ),
    *(
        Mistake(f"path-{name}", "  /lamps:", f"  '/lamps{path}':", f"'/lamps{path}':", f"paths./lamps{path}",
                "expected a path as a URL has it, without query and fragment; write other characters as %XX")
        for name, path in [("query", "?all=1"), ("fragment", "#top"), ("space", "/a b"), ("dots", "/../lamps"), ("dot", "/."),
                           ("percent", "/100%"), ("accent", "/été"), ("quote", '/"')]
    ),
    Mistake("server-with-a-query", "https://lamps.example/v9", "https://lamps.example/v9?a=b", "url: https",
            "servers.0.url", "expected an absolute http or https URL without variables, query and fragment"),
    *(
        Mistake(f"header-{name}", "      parameters:\n", f"      parameters:\n        - {{name: {name}, in: header, schema: {{type: string}}}}\n", "get:",
                GET, f"the header parameter {name} is not for a document to say: the client sets it by itself")
        for name in ("User-Agent", "HOST", "Content-Length", "Transfer-Encoding", "connection", "Cookie")
    ),
    # what no client would say
    Mistake("required-without-a-property", "required: [on]", "required: [on, off]", "off]",
            "components.schemas.Switching.required.1", "off is not among the `properties`"),
    Mistake("default-that-is-a-list", "rooms: {type: array, items: {type: string}}", "rooms: {type: array, items: {type: string}, default: [hall]}", "default: [hall",
            f"{BODY_FIELDS}.rooms.default", "a default that is a list or an object is not supported; describe it in words"),
    Mistake("required-beside-a-reference", 'items: {$ref: "#/components/schemas/Switching"}', 'items: {$ref: "#/components/schemas/Switching", required: [on]}', "required: [on]}",
            "components.schemas.Lamp.properties.switched.items.required", "required is not supported beside `$ref`"),
    Mistake("read-only-in-a-body", "rooms: {type: array,", "rooms: {readOnly: true, type: array,", "readOnly",
            f"{BODY_FIELDS}.rooms.readOnly", "is not supported in what is sent by plantLamp; use another schema there"),
    Mistake("write-only-in-a-response", '"on": {type: boolean}', '"on": {type: boolean, writeOnly: true}', "writeOnly",
            "components.schemas.Switching.properties.on.writeOnly", "is not supported in what is received by plantLamp; use another schema there"),
    Mistake("const-of-a-number", '"on": {type: boolean}', '"on": {type: number, const: 1.5}', "const: 1.5",
            "components.schemas.Switching.properties.on.const", "expected a text or a whole number; others are not supported"),
    Mistake("enum-of-numbers", '"on": {type: boolean}', '"on": {type: number, enum: [1.5, 2.5]}', "1.5,",
            "components.schemas.Switching.properties.on.enum.0", "expected a text or a whole number; others are not supported"),
    Mistake("field-of-any-kind", '"on": {type: boolean}', '"on": true', '"on": true',
            "components.schemas.Switching.properties.on", "true and false are not supported as a schema; write `{}` for any value"),
    Mistake("body-of-no-kind", '{$ref: "#/components/schemas/Lamp"}', "false", "schema: false",
            f"{PUT}.responses.201.content.application/json.schema", "true and false are not supported as a schema"),
    *(
        Mistake(f"value-of-{name}", '"on": {type: boolean}', f'"on": {schema}', at, f"components.schemas.Switching.properties.on.{pointer}", problem)
        for name, schema, at, pointer, problem in [
            ("no-kind", "{type: string, enum: []}", "enum: []", "enum", "expected at least one value"),
            ("two-types", "{enum: [a, 1]}", "enum: [a", "enum", "expected values of one type"),
            ("numbers-as-texts", "{type: string, enum: [200]}", "200]", "enum.0", "is not of type string"),
            ("a-text-as-number", "{type: [integer, 'null'], const: x}", "const: x", "const", "is not of type "),
            ("many-bits", "{enum: [9223372036854775808]}", "9223372036854775808", "enum.0", "expected a whole number of 64 bits"),
            ("no-date", "{type: string, format: date, default: tomorrow}", "default: t", "default", "expected a date"),
            ("no-zone", "{type: string, format: date-time, default: '2030-01-02T03:04:05'}", "default: '2", "default", "expected a date-time with a zone"),
            ("no-uuid", "{type: [string, 'null'], format: uuid, default: '5'}", "default: '5", "default", "expected a uuid"),
            ("no-pattern", "{type: string, pattern: '('}", "pattern: '('", "pattern", "expected a regular expression"),
        ]
    ),
    # what would be lost
    Mistake("all-of-a-text", '"on": {type: boolean}', '"on": {allOf: [{type: string}]}', "{type: string}]}",
            "components.schemas.Switching.properties.on.allOf.0", "expected an object with `properties`; others are not supported in `allOf`"),
    Mistake("all-of-a-map", '"on": {type: boolean}', '"on": {allOf: [{type: object, additionalProperties: {type: string}}]}', "{type: object, add",
            "components.schemas.Switching.properties.on.allOf.0", "expected an object with `properties`; others are not supported in `allOf`"),
    *(
        Mistake(f"all-of-two-{name}", '"on": {type: boolean}', f'"on": {{allOf: [{{properties: {{a: {one}}}}}, {{properties: {{a: {other}}}}}]}}', f"{{properties: {{a: {other}}}}}]",
                "components.schemas.Switching.properties.on.allOf.1", "a has another schema in another part; give it one that says all")
        for name, one, other in [("types", "{type: string}", "{type: integer}"), ("enums", "{enum: [b, c]}", "{enum: [a, b]}"), ("constants", "{const: b}", "{const: c}"),
                                 ("lists", "{type: array, items: {type: string}}", "{type: array, items: {}}"), ("kinds", "{type: string}", "{oneOf: [{type: string}, {type: integer}]}")]
    ),
    *(
        Mistake(f"{key}-beside-a-choice", '"on": {type: boolean}', f'"on": {{oneOf: [{{type: string}}, {{type: integer}}], {key}: {value}}}', f"{key}: {value}",
                f"components.schemas.Switching.properties.on.{key}", f"{key} is not supported beside `oneOf`; write it in each of the schemas there")
        for key, value in [("properties", "{x: {type: string}}"), ("enum", "[a]"), ("anyOf", "[{minimum: 5}]"), ("required", "[x]"), ("items", "{}")]
    ),
    # what cannot be told apart
    *(
        Mistake(f"union-of-{name}", '"on": {type: boolean}', f'"on": {{{key}: {parts}}}', f"{key}: {parts}", f"components.schemas.Switching.properties.on.{key}", problem)
        for name, key, parts, problem in [
            ("enum-and-text", "oneOf", "[{$ref: '#/components/schemas/Colour'}, {type: string}]", "texts of several kinds cannot be told apart"),
            ("date-and-text", "anyOf", "[{type: string, format: date-time}, {type: string}]", "texts of several kinds cannot be told apart"),
            ("date-and-uuid", "anyOf", "[{type: string, format: date}, {type: string, format: uuid}]", "texts of several kinds cannot be told apart"),
            ("enum-and-enum", "oneOf", "[{type: string, enum: [a]}, {type: string, enum: [b]}]", "texts of several kinds cannot be told apart"),
            ("const-and-text", "oneOf", "[{const: a}, {type: string}]", "texts of several kinds cannot be told apart"),
            ("enum-and-number", "oneOf", "[{type: integer, enum: [1]}, {type: integer}]", "whole numbers of several kinds cannot be told apart"),
            ("the-same-twice", "anyOf", "[{type: string, enum: [a, b]}, {type: string, enum: [a, b]}]", "two of the alternatives are the same; leave one out"),
            ("two-maps", "anyOf", "[{type: object, additionalProperties: {type: string}}, {type: object, additionalProperties: {type: integer}}]", "objects of several kinds cannot be told apart"),
            ("objects-and-text", "oneOf", "[{type: object, properties: {b: {type: string}}}, {type: object, properties: {a: {type: string}}}, {type: string}]", "objects of several kinds are not supported beside other types"),
            ("lists", "anyOf", "[{type: array, items: {type: string}}, {type: array, items: {type: integer}}]", "lists of several kinds cannot be told apart"),
            ("nested", "anyOf", "[{oneOf: [{type: string, format: date}, {type: 'null'}]}, {type: string}]", "texts of several kinds cannot be told apart"),
            ("map-and-text", "anyOf", "[{type: object, additionalProperties: {type: string}}, {type: string}]", "an object without `properties` is not supported beside other types"),
        ]
    ),
    Mistake("control-character-in-enum", "[warm-white,", '["warm\\nwhite",', '"warm',
            "components.schemas.Colour.enum.0", "expected a text without control characters"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", UNSUPPORTED, ids=lambda mistake: mistake.id)
def test_what_would_make_a_wrong_client_is_refused(refuse: Refuse, mistake: Mistake) -> None:
    assert mistake.old in LAMPS
    document = LAMPS.replace(mistake.old, mistake.new, 1)
    if mistake.id == "webhook-named-as-an-operation":
        document = document.replace("operationId: readLamp", "operationId: decodeLamp")
    line, *others = refuse.document(document)
    assert line.startswith(f"api.yaml:{position(document, mistake.at)}: {mistake.pointer}: {mistake.problem}")
    # what holds for all operations is said of each
    assert all(mistake.problem in other for other in others)


@pytest.mark.parametrize(("where", "name", "given"), [("header", "X-Key", "x-KEY"), ("query", "api key", "api key")])
def test_a_parameter_that_is_the_key(refuse: Refuse, where: str, name: str, given: str) -> None:
    document = LAMPS.replace("{type: http, scheme: bearer}", f"{{type: apiKey, in: {where}, name: '{name}'}}").replace(
        "      parameters:\n",
        f"      parameters:\n        - {{name: {given}, in: {where}, schema: {{type: string}}}}\n",
        1,
    )
    (line,) = refuse.document(document)
    assert line.endswith(f"the {where} parameter {given} is what the API key is sent by; leave it out")


def test_a_parameter_twice_in_a_path(refuse: Refuse) -> None:
    document = LAMPS.replace("/gardens/{name}", "/gardens/{name}/{name}")
    (line,) = refuse.document(document)
    assert line.endswith(".delete: the path parameter name stands twice in the path")


def test_parameters_in_the_path_with_one_name_in_python(refuse: Refuse) -> None:
    document = LAMPS.replace("/gardens/{name}", "/gardens/{name}/{Name}").replace(
        "{name: name, ", "{name: Name, in: path, required: true, schema: {type: string}}\n        - {name: name, "
    )
    (line,) = refuse.document(document)
    assert line.endswith(".delete: the path parameters Name and name have one name in Python; rename one")


@pytest.mark.parametrize("name", ["the name", " ", "1st", "né", "a.b"])
def test_the_name_of_a_path_parameter(refuse: Refuse, name: str) -> None:
    document = LAMPS.replace("/gardens/{name}", f"/gardens/{{{name}}}").replace("{name: name,", f"{{name: '{name}',")
    (line,) = refuse.document(document)
    problem = f"the path parameter {name} has a name that is not supported; use letters, digits and underscores"
    assert line == f"api.yaml:{position(document, 'delete:')}: paths./gardens/{{{name}}}.delete: {problem}"


def test_a_document_without_operations_is_refused(refuse: Refuse) -> None:
    (line,) = refuse.document(LAMPS[: LAMPS.index("paths:")] + "components: {}\n")
    assert line.startswith("api.yaml:1:1: the document: expected `paths` with at least one operation")


def test_a_reference_to_no_example_is_refused(refuse: Refuse) -> None:
    document = edited(
        "              onePhoneNumber:\n",
        "              other: {$ref: '#/components/examples/no'}\n              onePhoneNumber:\n",
    )
    (line,) = refuse.document(document)
    assert "leads nowhere: there is no #/components/examples/no" in line


def test_half_a_character_is_refused(refuse: Refuse) -> None:
    document = LAMPS.replace("In candelas.", '"\\ud83c"')
    (line,) = refuse.document(document)
    at = position(document, 'description: "')
    assert line.startswith(f"api.yaml:{at}: ")


def test_a_link_to_no_operation_is_refused(refuse: Refuse) -> None:
    document = edited(
        "operationId: getMessage\n              description", "operationId: getMassage\n              description"
    )
    (line,) = refuse.document(document)
    where = f"{SMS}.responses.200.links.report.operationId"
    assert line.startswith(f"api.yaml:{position(document, 'operationId: getMassage')}: {where}: ")


# The output


FOREIGN = "was not made by scripts/generate, and would be lost; move it away, or choose another --output"


def test_a_folder_that_holds_something_else_stays(refuse: Refuse) -> None:
    foreign = refuse.folder / "src" / PACKAGE
    foreign.mkdir(parents=True)
    (foreign / "thesis.txt").write_text("years of work")
    lines = refuse.arguments("--document", str(DOCUMENT), "--output", "src")
    assert lines == [f"src/{PACKAGE}/thesis.txt: {FOREIGN}"]


@pytest.mark.parametrize("name", ["business.py", "models/business.py", ".git/HEAD", "own", "__pycache__/notes.txt"])
@pytest.mark.parametrize("document", [str(DOCUMENT), "lamps.yaml"], ids=["same", "other"])
def test_what_users_put_into_a_client_stays(refuse: Refuse, name: str, document: str) -> None:
    (refuse.folder / "lamps.yaml").write_text(LAMPS)
    foreign = refuse.output / PACKAGE / name
    if "." in name:
        foreign.parent.mkdir(exist_ok=True)
        foreign.write_text("years of work")
    else:
        foreign.mkdir()
    (line,) = refuse.arguments("--document", document, "--output", "out")
    first = foreign.parent if name.startswith(".git") else foreign
    assert line == f"out/{PACKAGE}/{first.relative_to(refuse.output / PACKAGE)}: {FOREIGN}"


def test_a_package_that_merely_looks_generated_stays(refuse: Refuse) -> None:
    (refuse.output / PACKAGE / "generated-files.txt").unlink()
    (line,) = refuse.arguments("--document", str(DOCUMENT), "--output", "out")
    assert line.endswith(FOREIGN)


def test_a_link_to_a_folder_elsewhere_stays(refuse: Refuse) -> None:
    (refuse.output / PACKAGE).rename(refuse.folder / "elsewhere")
    (refuse.output / PACKAGE).symlink_to(refuse.folder / "elsewhere")
    (line,) = refuse.arguments("--document", str(DOCUMENT), "--output", "out")
    assert line == f"out/{PACKAGE}: {FOREIGN}"


def test_a_hidden_folder_of_the_user_beside_the_client_stays(tmp_path: Path) -> None:
    (tmp_path / "out" / ".generate-notes").mkdir(parents=True)
    (tmp_path / "out" / ".generate-notes" / "thesis.txt").write_text("years of work")
    assert generate.main(["--document", str(DOCUMENT), "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / ".generate-notes" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["file", "file/below", f"taken/{PACKAGE}"])
def test_a_file_in_the_place_of_the_output(refuse: Refuse, name: str) -> None:
    (refuse.folder / "file").write_text("years of work")
    (refuse.folder / "taken").mkdir()
    (refuse.folder / "taken" / PACKAGE).write_text("years of work")
    (line,) = refuse.arguments("--document", str(DOCUMENT), "--output", name.removesuffix(f"/{PACKAGE}"))
    assert line.startswith(name.split("/", maxsplit=1)[0])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(refuse: Refuse) -> None:
    (refuse.folder / "locked").mkdir(mode=0o500)
    (line,) = refuse.arguments("--document", str(DOCUMENT), "--output", "locked")
    assert line.endswith("Permission denied")


# As a command


@pytest.mark.parametrize("arguments", [["--document"], ["--output"], ["--document", "a.yaml", "--output"], ["--chek"]])
def test_wrong_usage(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert done.err.startswith("usage: scripts/generate ")
    assert "Traceback" not in done.err


def test_the_command_ends_as_the_function(tmp_path: Path) -> None:
    command = [*COMMAND, "--document", "nowhere.yaml", "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"nowhere.yaml: cannot be read: No such file or directory\n{LAST_LINE}\n"
    assert not (tmp_path / "out").exists()


# What was made is wrong, or is not read to its end


def test_what_a_tool_finds_in_a_module_stands_at_its_operation(refuse: Refuse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.context.path_code", lambda path, _: "nowhere" if "{" in path else repr(path))
    (line,) = refuse.document(LAMPS)
    assert re.match(r"api.yaml:\d+:\d+: paths./lamps/{.*not valid Python: .*F821", line), line


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--check"]])
def test_a_reader_that_leaves_changes_nothing_of_the_result(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "api.yaml").write_text(LAMPS)
    read, write = os.pipe()
    os.close(read)  # as `| head -0` does
    command = [*COMMAND, "--document", "api.yaml", "--output", "out", *options]
    done = subprocess.run(command, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert done.returncode == (1 if options == ["--check"] else 0)
    assert "Nothing was changed" not in done.stderr
    assert (tmp_path / "out" / PACKAGE).is_dir() is (not options)
