"""Mutants that write bodies in a wrong way, whatever is in them."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from sms_scheduler_mock import Response

from . import changes as do
from .mutant import ALL, CREATE, Exchange, Mutant

_HTML = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
_NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: sms in <b>/var/www/api.php</b> on line <b>42</b><br />\n"


def _as_string(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _in_latin_1(exchange: Exchange) -> Response:
    response = exchange.answer()
    if response.status != 400:
        return response
    content = response.encode().body.replace(b'["', '["Refusé : '.encode("latin-1"))
    return Response(400, content, {"Content-Type": "application/json; charset=utf-8"})


MUTANTS: Mapping[str, Mutant] = {
    "html-body": Mutant("A page of HTML for every body", ALL, do.content(lambda _: _HTML, "text/html")),
    "errors-as-html": Mutant(
        "A page of HTML for errors", CREATE, do.instead_of(400, Response(400, _HTML, {"Content-Type": "text/html"}))
    ),
    "php-notice": Mutant("A notice of PHP before the JSON", ALL, do.content(lambda body: _NOTICE + body)),
    "php-notice-without-stop": Mutant(
        "A notice of PHP before the JSON of a creation without message_stop",
        CREATE,
        do.only(lambda exchange: "message_stop" not in exchange.fields, do.content(lambda body: _NOTICE + body)),
    ),
    "empty-body": Mutant("No body where there should be one", ALL, do.content(lambda _: b"")),
    "errors-without-body": Mutant("400 with no body", CREATE, do.instead_of(400, Response(400))),
    "truncated-json": Mutant("The last byte of the JSON is missing", ALL, do.content(lambda body: body[:-1])),
    "trailing-comma": Mutant(
        "A comma before the last bracket", ALL, do.content(lambda body: re.sub(rb"([\]}])$", rb",\1", body))
    ),
    "byte-order-mark": Mutant(
        "A byte order mark before the JSON", ALL, do.content(lambda body: b"\xef\xbb\xbf" + body)
    ),
    "latin-1": Mutant("Errors in French and in Latin-1", CREATE, _in_latin_1),
    "text-html": Mutant(
        "JSON that is called text/html", ALL, do.content(lambda body: body, "text/html; charset=UTF-8")
    ),
    "false-gzip": Mutant(
        "JSON that is said to be compressed, and is not",
        ALL,
        do.response(
            lambda response: (
                response
                if response.body is None
                else replace(response, headers={**response.headers, "Content-Encoding": "gzip"})
            )
        ),
    ),
    "in-an-envelope": Mutant("All JSON stands in `data`", ALL, do.json_as(lambda body: {"data": body})),
    "in-a-string": Mutant(
        "The JSON is a string of JSON", ALL, do.content(lambda body: json.dumps(body.decode()).encode())
    ),
    "numbers-as-strings": Mutant("Every number is a string", ALL, do.json_as(do.everywhere(_as_string))),
    "camel-case": Mutant("camelCase names in responses", ALL, do.each_object(do.in_camel_case)),
}
