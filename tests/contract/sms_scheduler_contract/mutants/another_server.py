"""A server of the API that was written from the vendor's page alone, for a contract suite that has never met it.

It keeps all that the page states, and decides in its own way what the page leaves open: a long text is several SMS, a
number given twice gets two, and what is deleted stays in the reports, with status 29. As a mutant it breaks one thing
that the page states. Its one sender is 123, and its time is UTC.
"""

import argparse
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

MUTANTS = {
    "delete-without-key": "DELETE does not look at the key",
    "report-without-key": "GET /message/{id} does not look at the key",
    "key-with-more": "a key that merely begins with the right one is accepted",
    "wrong-key-403": "a deletion with a wrong key is answered 403",
    "401-yet-deleted": "a deletion with a wrong key is answered 401, and done",
    "401-yet-created": "a creation with a wrong key is answered 401, and done",
    "404-before-401": "an unknown id is answered 404 without a key",
    "stop-as-string": "message_stop may be a string",
    "stop-required": "message_stop must be given",
    "sender-as-string": "sender_id may be a string",
    "sender-with-fraction": "sender_id may have a fraction",
    "null-text": "message_text may be null",
    "missing-field-500": "a missing field crashes",
    "emoji-500": "a character beyond U+FFFF in the text crashes",
    "quote-500": "a quote in the text crashes",
    "newline-500": "a line break in the text crashes",
    "surrogate-500": "half of a surrogate pair in the text crashes",
    "year-0-500": "a date in the year 0 crashes",
    "one-number-refused": "phone_numbers must be a list",
    "one-number-split": "a number that is not in a list is read as a list of characters",
    "past-refused": "dates in the past are refused",
    "leap-day": "29 February is refused",
    "stores-what-it-refuses": "a request that is refused makes a message",
    "created-201": "a creation is answered 201",
    "numbers-lose-plus": "the numbers in sms_ids have no plus",
    "parts-of-first-number-only": "sms_ids names all SMS of a long text for the first number only",
    "ten-numbers": "numbers after the tenth get no SMS",
    "ids-as-strings": "the ids in sms_ids are strings",
    "ids-return": "the fourth message gets the ids of the first",
    "ids-of-deleted-again": "a message gets the ids of the one before if that was deleted",
    "sms-id-again": "the first SMS of a message has the id of the first SMS of the message before",
    "message-id-of-sms": "message_id is the id of an SMS",
    "refused-422": "a bad request is answered 422",
    "errors-as-html": "a bad request is answered in HTML",
    "errors-by-index": "the keys of errors are numbers",
    "errors-without-list": "errors has a text for each field, not a list of them",
    "errors-misname-sender": "a bad sender_id is reported as `sender`",
    "past-stays-scheduled": "what should be sent right away stays scheduled",
    "sent-before-2099": "what is scheduled for 2099 or later is reported sent",
    "reading-sends": "reading the report of an SMS marks it received",
    "status-as-word": "the status is a word",
    "unknown-sms-null": "an unknown SMS has a report, with status null",
    "unknown-message-empty": "an unknown message has an empty report",
    "unknown-id-400": "the report of an unknown id is answered 400",
    "huge-id-500": "an id beyond 64 bits crashes",
    "report-of-first": "every SMS of a message has the report of the first",
    "rows-have-message-id": "the rows of a message's report have the message's id",
    "rows-swapped": "the rows of a message's report have each other's numbers",
    "rows-without-parts": "a message's report has one row for each number, though a long text is several SMS",
    "rows-of-others": "a message's report has the SMS of other messages to the same numbers too",
    "ten-rows": "a message's report ends after ten rows",
    "single-row": "the report of a message with one SMS is an object",
    "nothing-deleted": "deleting an SMS answers true, and does nothing",
    "delete-unknown-true": "deleting an unknown SMS answers true",
    "delete-unknown-0": "deleting an unknown message counts 0",
    "delete-204": "a deletion is answered 204",
    "success-as-number": "deleting an SMS answers 1 or 0",
    "success-as-boolean": "deleting a message answers true or false",
    "delete-sends-siblings": "deleting an SMS sends the rest of its message",
    "delete-takes-number": "deleting an SMS deletes those to the same number in other messages",
    "delete-message-takes-next": "deleting a message deletes the next one too",
    "delete-message-spares-parts": "deleting a message deletes one SMS for each number, though a long text is several",
    "nothing-counted": "deleting a message counts its SMS, and deletes nothing",
    "count-of-numbers": "deleting a message counts numbers, not SMS",
    "count-again": "deleting a message counts SMS that were deleted before",
    "bom": "JSON begins with a byte order mark",
    "nested": "what is answered stands in `data`",
    "two-days-late": "a message is sent two days after its date",
    "one-day-early": "a message is sent one day before its date",
    "far-dates-at-once": "a message that is more than 24 days ahead is sent after two seconds",
    "drops-every-20th": "the connection is closed without a response to every twentieth request",
    "ids-race": "two creations at once may get one id",
    "count-race": "two deletions at once both count the SMS",
    "report-race": "a report that is read during a deletion crashes",
}
CONFORMING = {
    "as it is": "Written from the page alone, in another style",
    "number-without-prefix": "the plus is optional: a national number passes",
    "number-with-hyphens": "spaces and hyphens in a number are accepted",
    "year-2038": "dates from 2038 on are refused",
    "date-within-a-year": "dates that are more than a year ahead are refused",
    "ids-of-32-bits": "an id beyond 32 bits is answered 400",
    "closes-silently": "the connection is closed after each response, without saying so",
    "one-thread": "there is one thread, which serves one connection until that is idle for a second",
}
# The method and the status that the mutant changes, and to what.
WRONG_STATUS = {
    "wrong-key-403": ("DELETE", 401, 403),
    "created-201": ("POST", 200, 201),
    "refused-422": ("POST", 400, 422),
    "unknown-id-400": ("GET", 404, 400),
    "delete-204": ("DELETE", 200, 204),
}
# The field that is not checked, the type that passes there, and what it is taken for.
WRONG_TYPE: dict[str, tuple[str, type, Any]] = {
    "stop-as-string": ("message_stop", str, True),
    "sender-as-string": ("sender_id", str, 123),
    "sender-with-fraction": ("sender_id", float, 123),
    "null-text": ("message_text", type(None), ""),
}
WRONG_TEXT = {
    "emoji-500": "[^\0-\uffff]",
    "quote-500": "['\"]",
    "newline-500": "\n",
    "surrogate-500": "[\ud800-\udfff]",
}
WRONG_NUMBER = {"number-without-prefix": r"\+?[0-9]{6,15}", "number-with-hyphens": r"\+[0-9 -]{6,20}"}
WRONG_NUMBER["one-number-split"] = r"\+[0-9]{6,15}|[+0-9]"

FIELDS: dict[str, tuple[type, str]] = {
    "message_text": (str, "string"),
    "message_stop": (bool, "boolean"),
    "delivery_date": (str, "string"),
    "sender_id": (int, "integer"),
}
WORDS = {10: "scheduled", 11: "pending", 12: "sent", 13: "received", 29: "error"}
Answer = tuple[int, Any]
UNKNOWN: Answer = 404, "<h1>Not here</h1>"


class RefusedError(Exception):
    """The request is not accepted; says why, for each field."""


class CrashError(Exception):
    """The end of a server that is a mutant."""


@dataclass
class Sms:
    id: int
    message_id: int
    number: str
    created: datetime
    due: datetime
    part: int
    deleted: bool = False


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Service:
    """The API without HTTP. `{mutant: its value}.get(self.mutant, right value)` is how most mutants are built in."""

    def __init__(self, mutant: str | None) -> None:
        if mutant not in {None, *MUTANTS, *CONFORMING}:
            raise ValueError(f"no such mutant: {mutant}; there are {', '.join(MUTANTS)}")
        self.mutant = mutant or ""
        self.api_key = "another-Key-7"
        self.next_id = 1_000 if self.mutant == "ids-of-32-bits" else 2**31
        self.messages: dict[int, list[Sms]] = {}
        self.sms: dict[int, Sms] = {}
        self.lock: Any = nullcontext() if self.mutant.endswith("-race") else threading.Lock()
        self.deleting = 0

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        with self.lock:
            try:
                status, content = self.authorize(method, path, authorization, body)
            except CrashError:
                return 500, "<h1>Oops</h1>"
        wrong_method, wrong_status, instead = WRONG_STATUS.get(self.mutant, ("", 0, 0))
        return instead if (method, status) == (wrong_method, wrong_status) else status, content

    def authorize(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        known = {
            "delete-without-key": method == "DELETE",
            "report-without-key": method == "GET" and "/message/" in path,
            "key-with-more": key.startswith(self.api_key),
        }
        if (scheme.lower() == "bearer" and key == self.api_key) or known.get(self.mutant, False):
            return self.operate(method, path, body)
        if {"401-yet-deleted": "DELETE", "401-yet-created": "POST"}.get(self.mutant) == method:
            self.operate(method, path, body)
        if self.mutant == "404-before-401" and self.operate("GET", path, b"")[0] == 404:
            return UNKNOWN
        return 401, {"reason": "bearer token expected"}

    def operate(self, method: str, path: str, body: bytes) -> Answer:
        found = re.fullmatch(r"/api/v1/(?:sms|(sms|message)/([0-9]{1,4000}))", unquote(path))
        if not found:
            return UNKNOWN
        kind, digits = found.groups()
        if method not in ({"GET", "DELETE"} if kind else {"POST"}):
            return 405, "<h1>Not this way</h1>"
        if not kind:
            return self.create(body)
        if self.mutant == "huge-id-500" and int(digits) >= 2**63:
            raise CrashError
        if self.mutant == "ids-of-32-bits" and int(digits) >= 2**31:
            return 400, "<h1>No number</h1>"
        operation = getattr(self, f"{method.lower()}_{kind}")
        known: Answer | None = operation(int(digits))
        if known:
            return known
        instead: dict[tuple[str, str], Any] = {
            ("unknown-sms-null", "get_sms"): {"phone_number": "", "status": None},
            ("unknown-message-empty", "get_message"): [],
            ("delete-unknown-true", "delete_sms"): {"success": True},
            ("delete-unknown-0", "delete_message"): {"success": 0},
        }
        wrong = instead.get((self.mutant, operation.__name__))
        return UNKNOWN if wrong is None else (200, wrong)

    def create(self, body: bytes) -> Answer:
        try:
            text, due, numbers = self.read(body)
        except RefusedError as refused:
            if self.mutant == "stores-what-it-refuses":
                asked = self.read_fields(body).get("phone_numbers")
                self.store("", datetime.max, asked if isinstance(asked, list) else [])
            return self.refuse(refused.args[0])
        message_id, rows = self.store(text, due, numbers)
        sms_ids: dict[str, list[Any]] = {}
        for sms in rows:
            ids = sms_ids.setdefault(sms.number.lstrip("+") if self.mutant == "numbers-lose-plus" else sms.number, [])
            if not (self.mutant == "parts-of-first-number-only" and sms.part and sms.number != numbers[0]):
                ids.append(str(sms.id) if self.mutant == "ids-as-strings" else sms.id)
        if self.mutant == "message-id-of-sms" and rows:
            message_id = rows[0].id
        return 200, {"message_id": message_id, "sms_ids": sms_ids or [], "created_at": str(now())}

    def refuse(self, errors: dict[str, list[str]]) -> Answer:
        if self.mutant == "missing-field-500" and any(texts[0].endswith(": missing") for texts in errors.values()):
            raise CrashError
        shown = {
            "errors-by-index": {str(index): texts for index, texts in enumerate(errors.values())},
            "errors-without-list": {field: texts[0] for field, texts in errors.items()},
            "errors-misname-sender": {field.replace("sender_id", "sender"): texts for field, texts in errors.items()},
        }.get(self.mutant, errors)
        return 400, "<h1>Something is wrong</h1>" if self.mutant == "errors-as-html" else {"errors": shown}

    def store(self, text: str, due: datetime, numbers: list[str]) -> tuple[int, list[Sms]]:
        if self.mutant == "ids-return" and len(self.messages) == 3:
            self.next_id = 2**31
        latest = next(reversed(self.messages.values()), [])
        message_id, rows = self.new_id(), list[Sms]()
        if days := {"two-days-late": 2, "one-day-early": -1}.get(self.mutant):
            due = min(max(due, datetime(2, 1, 1)), datetime(9999, 1, 1)) + timedelta(days=days)
        if self.mutant == "far-dates-at-once" and due > now() + timedelta(days=24):
            due = now() + timedelta(seconds=2)
        for number in numbers[:10] if self.mutant == "ten-numbers" else numbers:
            for part in range(1 if len(text) <= 160 else -(-len(text) // 153)):
                again = self.mutant == "sms-id-again" and latest and not rows
                id_ = latest[0].id if again else self.new_id()
                rows.append(Sms(id_, message_id, number, now(), max(due, now()), part))
        self.messages[message_id] = rows
        self.sms |= {sms.id: sms for sms in rows}
        return message_id, rows

    def new_id(self) -> int:
        id_ = self.next_id
        if self.mutant == "ids-race":
            time.sleep(0.01)
        self.next_id = id_ + 7
        return id_

    def read_fields(self, body: bytes) -> dict[str, Any]:
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            return {}
        if not isinstance(fields, dict):
            return {}
        field, kind, value = WRONG_TYPE.get(self.mutant, ("", object, None))
        if field in fields and type(fields[field]) is kind:
            fields[field] = value
        return fields

    def read(self, body: bytes) -> tuple[str, datetime, list[str]]:
        fields = self.read_fields(body)
        errors: dict[str, list[str]] = {}
        for name, (kind, word) in FIELDS.items():
            if name not in fields:
                if name != "message_stop" or self.mutant == "stop-required":
                    errors[name] = [f"{name}: missing"]
            elif type(fields[name]) is not kind:
                errors[name] = [f"{name}: {word} expected"]
        text = fields.get("message_text")
        if "sender_id" not in errors and fields["sender_id"] != 123:
            errors["sender_id"] = ["sender_id: you have no such sender"]
        if not (due := self.read_date(fields.get("delivery_date"))):
            errors.setdefault("delivery_date", ["delivery_date: YYYY-MM-DD HH:MM:SS expected"])
        numbers, wrong = self.read_numbers(fields.get("phone_numbers"))
        if wrong:
            errors["phone_numbers"] = wrong if "phone_numbers" in fields else ["phone_numbers: missing"]
        elif isinstance(text, str) and len(text) * len(numbers) > 10**6:
            errors["phone_numbers"] = ["phone_numbers: too much at once"]
        if errors or not due:
            raise RefusedError(errors)
        if re.search(WRONG_TEXT.get(self.mutant, "(?!)"), str(text)):
            raise CrashError
        return str(text), due, numbers

    def read_date(self, date: Any) -> datetime | None:
        if not isinstance(date, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", date):
            return None
        if self.mutant == "year-0-500" and date.startswith("0000-"):
            raise CrashError
        try:
            due = datetime.fromisoformat(date)
        except ValueError:
            return None
        refused = {
            "past-refused": due <= now(),
            "year-2038": due.year >= 2038,
            "date-within-a-year": due > now() + timedelta(days=366),
            "leap-day": (due.month, due.day) == (2, 29),
        }
        return None if refused.get(self.mutant, False) else due

    def read_numbers(self, numbers: Any) -> tuple[list[str], list[str]]:
        """The numbers, and what is wrong with them."""
        if isinstance(numbers, str) and self.mutant != "one-number-refused":
            numbers = list(numbers) if self.mutant == "one-number-split" else [numbers]
        if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
            return [], ["phone_numbers: string or list of strings expected"]
        pattern = WRONG_NUMBER.get(self.mutant, r"\+[0-9]{6,15}")
        bad = [number for number in numbers if not re.fullmatch(pattern, number)]
        return numbers, [f"phone_numbers: {number} is no phone number" for number in bad]

    def status(self, sms: Sms) -> Any:
        age = now() - sms.due
        status = 29 if sms.deleted else 10
        if not sms.deleted and age >= timedelta(0) and self.mutant != "past-stays-scheduled":
            status = 11 if age < timedelta(seconds=0.3) else 12 if age < timedelta(seconds=1) else 13
        if not sms.deleted and sms.due.year >= 2099 and self.mutant == "sent-before-2099":
            status = 12
        return WORDS[status] if self.mutant == "status-as-word" else status

    def delete(self, sms: Sms) -> bool:
        """Delete what is neither sent nor deleted yet."""
        if sms.deleted or sms.due <= now():
            return False
        sms.deleted = True
        return True

    def get_sms(self, id_: int) -> Answer | None:
        if not (sms := self.sms.get(id_)):
            return None
        if self.mutant == "reading-sends":
            sms.due = min(sms.due, now() - timedelta(seconds=1))
        if self.mutant == "report-of-first":
            sms = self.messages[sms.message_id][0]
        return 200, {"phone_number": sms.number, "status": self.status(sms), "created_at": str(sms.created)}

    def delete_sms(self, id_: int) -> Answer | None:
        if not (sms := self.sms.get(id_)):
            return None
        success = self.mutant == "nothing-deleted" or self.delete(sms)
        siblings = self.messages[sms.message_id]
        if self.mutant == "delete-sends-siblings":
            for other in siblings:
                other.due = min(other.due, now())
        if self.mutant == "delete-takes-number":
            for other in self.sms.values():
                if other.number == sms.number and other not in siblings:
                    self.delete(other)
        return 200, {"success": int(success) if self.mutant == "success-as-number" else success, "asked_at": str(now())}

    def get_message(self, id_: int) -> Answer | None:
        if (rows := self.messages.get(id_)) is None:
            return None
        if self.mutant == "report-race" and self.deleting:
            raise CrashError
        if self.mutant == "rows-without-parts":
            rows = [sms for sms in rows if not sms.part]
        if self.mutant == "rows-of-others":
            numbers = {sms.number for sms in rows}
            rows = [sms for sms in self.sms.values() if sms.number in numbers]
        report: list[dict[str, Any]] = [
            {
                "id": id_ if self.mutant == "rows-have-message-id" else sms.id,
                "phone_number": other.number if self.mutant == "rows-swapped" else sms.number,
                "status": self.status(sms),
                "created_at": str(sms.created),
            }
            for sms, other in zip(reversed(rows), rows, strict=True)
        ]
        if self.mutant == "single-row" and len(report) == 1:
            return 200, report[0]
        return 200, report[:10] if self.mutant == "ten-rows" else report

    def delete_message(self, id_: int) -> Answer | None:
        if (rows := self.messages.get(id_)) is None:
            return None
        before = sum(sms.deleted for sms in rows)
        if self.mutant in {"count-race", "report-race"}:
            self.deleting += 1
            waiting = sum(not sms.deleted and sms.due > now() for sms in rows)
            time.sleep(0.03)
            self.deleting -= 1
            if self.mutant == "count-race":
                list(map(self.delete, rows))
                return 200, {"success": waiting}
        spared = {"nothing-counted": rows, "delete-message-spares-parts": [sms for sms in rows if sms.part]}
        count = sum([self.delete(sms) for sms in rows if sms not in spared.get(self.mutant, [])])
        if self.mutant == "ids-of-deleted-again" and id_ == max(self.messages):
            self.next_id = id_
        if self.mutant == "delete-message-takes-next":
            for sms in next((other for other_id, other in self.messages.items() if other_id > id_), []):
                self.delete(sms)
        success = {
            "nothing-counted": len(rows),
            "count-of-numbers": min(count, len({sms.number for sms in rows})),
            "count-again": count + before,
            "success-as-boolean": count > 0,
        }.get(self.mutant, count)
        return 200, {"success": success, "asked_at": str(now())}

    def render(self, content: Any) -> tuple[str, bytes]:
        if isinstance(content, str):
            return "text/html", content.encode()
        data = json.dumps({"data": content} if self.mutant == "nested" else content).encode()
        return "application/json", b"\xef\xbb\xbf" + data if self.mutant == "bom" else data


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    timeout = 60

    def setup(self) -> None:
        """Wait less long for the next request if nobody else is served meanwhile."""
        super().setup()
        assert isinstance(self.server, AnotherServer)
        if self.server.is_single:
            self.request.settimeout(1)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.respond
        raise AttributeError(name)

    def respond(self) -> None:
        server, path, body = self.server, self.path.partition("?")[0], self.read_body()
        assert isinstance(server, AnotherServer)
        server.requests.append((self.command, self.path, body))
        if server.service.mutant == "drops-every-20th" and len(server.requests) % 20 == 0:
            self.close_connection = True
            return
        status, content = server.service.answer(self.command, path, self.headers.get("Authorization", ""), body)
        time.sleep(server.delay)
        content_type, data = server.service.render(content) if status != 204 else ("text/html", b"")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        if status in (extra := {401: ("WWW-Authenticate", "Bearer"), 405: ("Allow", "GET, POST, DELETE")}):
            self.send_header(*extra[status])
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        if server.service.mutant == "closes-silently":
            self.close_connection = True

    def read_body(self) -> bytes:
        """Read the body; one that cannot be read is none, and ends the connection."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self.read_chunk, b""))
        length = self.headers.get("Content-Length", "0")
        if re.fullmatch("[0-9]{1,8}", length):
            return self.rfile.read(int(length))
        self.close_connection = True
        return b""

    def read_chunk(self) -> bytes:
        size = self.rfile.readline(20).partition(b";")[0].strip()
        if not re.fullmatch(b"[0-9a-fA-F]{1,6}", size):
            self.close_connection = True
            return b""
        return self.rfile.read(int(size, 16) + 2)[:-2]

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


class AnotherServer(ThreadingHTTPServer):
    """The service on loopback; `requests` has the method, path and body of all that it received."""

    def __init__(self, port: int = 0, mutant: str | None = None, delay: float = 0.0) -> None:
        self.service, self.delay = Service(mutant), delay
        self.api_key = self.service.api_key
        self.requests: list[tuple[str, str, bytes]] = []
        self.is_single = self.service.mutant == "one-thread"
        super().__init__(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/api/v1"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, in a thread of its own unless there is but one."""
        process = HTTPServer.process_request if self.is_single else ThreadingHTTPServer.process_request
        process(self, request, client_address)

    def handle_error(self, request: object, client_address: object) -> None: ...


@contextmanager
def another_server(mutant: str | None = None, delay: float = 0.0) -> Iterator[AnotherServer]:
    with AnotherServer(mutant=mutant, delay=delay) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mutant", choices=MUTANTS, metavar="NAME", help=", ".join(MUTANTS))
    arguments = parser.parse_args()
    with AnotherServer(arguments.port, arguments.mutant) as server:
        print(f"{server.url}  API key: {server.api_key}", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
