"""What a server does where the page leaves something open. No observation can fail a server."""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from .document import LISTED_CODES, LISTED_FIELDS, SENT_CODES
from .errors import CheckFailedError, NotTestedError
from .exchange import Exchange
from .models import Draft, read_created
from .server import Server


@attrs.frozen
class Observation:
    """A point that the page leaves open, and what the server does there."""

    point: str
    seen: str


_CLOSED = "connections that are kept open", "one was closed without a word; since then each request had its own"


def observe(server: Server, jobs: int) -> Iterator[Observation]:
    """Read the responses so far, and outside safe mode send further requests, for so many points at once."""
    for point, look in _LOOKS.items():
        if seen := look(server.session.course.history):
            yield Observation(point, seen)
    for limited, seen in server.adaptation.seen.items():
        yield Observation(limited, seen)
    if server.session.course.is_fresh:
        yield Observation(*_CLOSED)
    if server.safe_mode:
        return
    pool = ThreadPoolExecutor(jobs)
    try:
        servers = map(server.for_check, range(-len(_QUESTIONS), 0))
        yield from pool.map(_asked, _QUESTIONS, servers)
    finally:
        pool.shutdown(cancel_futures=True)


def _asked(point: str, server: Server) -> Observation:
    try:
        with server.scenario():
            seen = _QUESTIONS[point](server)
    except (CheckFailedError, NotTestedError) as error:
        seen = f"could not be observed: {str(error).splitlines()[0]}"
    except (LookupError, TypeError, ValueError, AttributeError):
        seen = "could not be observed: the response is not as openapi.yaml describes it"
    return Observation(point, seen)


# What the responses so far show


def _sms_ids(history: Iterable[Exchange]) -> str:
    shapes = set()
    for exchange in _succeeded(history, "POST"):
        by_number = exchange.json().get("sms_ids") if isinstance(exchange.json(), dict) else None
        values = by_number.values() if isinstance(by_number, dict) else []
        shapes |= {"a list of ids" if isinstance(value, list) else "one id" for value in values}
        shapes |= {"[] when there is none"} if by_number == [] else set()
    return _joined(shapes)


def _other_codes(history: Iterable[Exchange]) -> str:
    codes = set()
    for exchange in _succeeded(history, "GET"):
        answer = exchange.json()
        rows = answer if isinstance(answer, list) else [answer]
        codes |= {row.get("status") for row in rows if isinstance(row, dict)}
    return _joined(str(code) for code in codes - LISTED_CODES if isinstance(code, int))


def _other_fields(history: Iterable[Exchange]) -> str:
    names: set[str] = set()
    for exchange in history:
        answer = exchange.json() if exchange.status == 200 else None
        for row in answer if isinstance(answer, list) else [answer]:
            names |= row.keys() if isinstance(row, dict) else set()
    return _joined(names - LISTED_FIELDS)


def _body_of(status: int) -> Callable[[Iterable[Exchange]], str]:
    def look(history: Iterable[Exchange]) -> str:
        answers = [exchange for exchange in history if exchange.status == status]
        return _joined(
            {
                (answer.content_type or "").partition(";")[0] or "some" if answer.response_body else "none"
                for answer in answers
            }
        )

    return look


def _content_types(history: Iterable[Exchange]) -> str:
    return _joined({exchange.content_type or "none" for exchange in history if exchange.status == 200})


def _wording(history: Iterable[Exchange]) -> str:
    for exchange in history:
        answer = exchange.json() if exchange.status == 400 else None
        errors = answer.get("errors") if isinstance(answer, dict) else None
        for messages in errors.values() if isinstance(errors, dict) else []:
            if messages and isinstance(messages, list):
                return f"such as {messages[0]}"
    return ""


def _too_many(history: Iterable[Exchange]) -> str:
    count = sum(exchange.status == 429 for exchange in history)
    return f"429 was answered {count} times; the requests were sent again" if count else ""


_LOOKS: dict[str, Callable[[Iterable[Exchange]], str]] = {
    "values of sms_ids": _sms_ids,
    "statuses that the page does not list": _other_codes,
    "fields that the page does not list": _other_fields,
    "content type of JSON": _content_types,
    "body of 401": _body_of(401),
    "body of 404": _body_of(404),
    "wording of errors": _wording,
    "limit to the rate of requests": _too_many,
}


def _succeeded(history: Iterable[Exchange], method: str) -> list[Exchange]:
    return [exchange for exchange in history if exchange.method == method and exchange.status == 200]


def _joined(seen: Iterable[str]) -> str:
    return ", ".join(sorted(seen))


# What needs requests of its own


def _scheme(server: Server) -> str:
    words = [word for word in ("bearer", "Bearer", "BEARER") if _is_known(server, word)]
    return f"{', '.join(words)} accepted"


def _other_ways_to_the_key(server: Server) -> str:
    ways = {"Token": "Token", "Basic": "Basic", "no scheme": ""}
    accepted = [name for name, scheme in ways.items() if _is_known(server, scheme)]
    return f"{', '.join(accepted) or 'none'} accepted"


def _is_known(server: Server, scheme: str) -> bool:
    authorization = f"{scheme} {server.target.api_key}".lstrip()
    return server.request("getMessage", 2**53 - 1, authorization=authorization).status_code != 401


def _odd_ids(server: Server) -> str:
    (created,) = server.messages(Draft(numbers=(0,)))
    forms = ("{}abc", "{}.5", "x{}", " {}", "0{}")
    results = {form.format("ID"): server.request("getSms", form.format(created.ids[0])).status_code for form in forms}
    return ", ".join(f"{form}: {status}" for form, status in results.items())


def _odd_numbers(server: Server) -> str:
    results = {}
    for number in ("0612345678", "+33 6 12 34 56 78", "+33-612-345-678", "0404-040-404", "hello", ""):
        response = server.request(
            "createSms", body=json.dumps(server.fields(Draft()) | {"phone_numbers": [number]}).encode()
        )
        results[number] = f"refused with {response.status_code}"
        if response.status_code == 200:
            report = server.message(read_created(response.json()).message_id) or {}
            statuses = ", ".join(str(sms.status) for sms in report.values())
            results[number] = f"accepted, status {statuses or 'unknown'}"
    return "; ".join(f"{number!r}: {seen}" for number, seen in results.items())


def _numbers_as_object(server: Server) -> str:
    fields = server.fields(Draft(numbers=(0,)))
    return _created(server, {**fields, "phone_numbers": dict(enumerate(fields["phone_numbers"]))})


def _empty_date(server: Server) -> str:
    return _created(server, {**server.fields(Draft(numbers=(0,))), "delivery_date": ""})


def _null_stop(server: Server) -> str:
    return _created(server, {**server.fields(Draft(numbers=(0,))), "message_stop": None})


def _no_json(server: Server) -> str:
    response = server.request("createSms", body=b"not json")
    return f"{response.status_code} {(response.headers.get('Content-Type') or 'no body').partition(';')[0]}"


def _no_content_type(server: Server) -> str:
    body = json.dumps(server.fields(Draft(numbers=(0,)))).encode()
    headers = {"Authorization": server.target.authorization}
    return str(server.session.request("POST", f"{server.target.url}/sms", data=body, headers=headers).status_code)


def _report_of_deleted(server: Server) -> str:
    (created,) = server.messages(Draft(numbers=(0, 1)))
    sms_id = created.ids[0]
    server.delete_sms(sms_id)
    sms, report = server.sms(sms_id), server.message(created.message_id) or {}
    own = "404" if sms is None else f"status {sms.status}"
    return f"{own}; {'still a row' if sms_id in report else 'no row'} in the report of its message"


def _deleted_again(server: Server) -> str:
    (created,) = server.messages(Draft(numbers=(0, 1)))
    server.delete_sms(created.ids[0])
    return _success(server.delete_sms(created.ids[0]))


def _empty_message(server: Server) -> str:
    (created,) = server.messages(Draft())
    server.delete_message(created.message_id)
    report, again = server.message(created.message_id), server.delete_message(created.message_id)
    return f"report: {'404' if report is None else f'{len(report)} rows'}; deletion again: {_success(again)}"


def _past_dates(server: Server) -> str:
    seen = []
    for date, created in server.known.past.items():
        sms = server.sms(created.ids[0])
        seen.append(f"{date}: {f'status {sms.status}' if sms else '404'}")
    return ", ".join(seen) or "could not be observed: no check sent one"


def _deletion_of_sent(server: Server) -> str:
    # the checks have followed these until they were sent
    for sms_id in itertools.chain.from_iterable(created.ids for created, _ in server.known.sent):
        sms = server.sms(sms_id)
        if sms is not None and sms.status in SENT_CODES:
            return f"status {sms.status}: {_success(server.delete_sms(sms_id))}"
    return "could not be observed: none is known to be sent"


def _same_number_twice(server: Server) -> str:
    fields = server.fields(Draft(numbers=(0,)))
    return _created(server, {**fields, "phone_numbers": fields["phone_numbers"] * 2})


def _no_numbers(server: Server) -> str:
    return _created(server, {**server.fields(Draft()), "phone_numbers": []})


def _bad_among_good(server: Server) -> str:
    fields = server.fields(Draft())
    return _created(server, {**fields, "phone_numbers": [*fields["phone_numbers"], "0404-040-404"]})


def _unknown_sender(server: Server) -> str:
    return _created(server, {**server.fields(Draft()), "sender_id": server.target.sender_id + 987_654})


def _no_text(server: Server) -> str:
    return _created(server, {**server.fields(Draft()), "message_text": ""})


def _parts(server: Server) -> str:
    texts = [Draft(text="a" * length, numbers=(0,)) for length in (160, 161, 459)]
    counts = {len(draft.text): len(server.create(draft).ids) for draft in texts}
    return ", ".join(f"{characters} characters: {count} SMS" for characters, count in counts.items())


def _longest_text(server: Server) -> str:
    for length in (1_000, 10_000, 100_000):
        result = _created(server, server.fields(Draft(text="a" * length)))
        if not result.startswith("accepted"):
            return f"{length:,} characters are {result}"
    return "100,000 characters are accepted"


def _dates(server: Server) -> str:
    fields = server.fields(Draft())
    date = fields["delivery_date"]  # within the server's limits
    iso = date.replace(" ", "T")
    forms = [iso, f"{iso}Z", date[:-3], date.partition(" ")[0]]
    results = {form: _created(server, {**fields, "delivery_date": form}) for form in forms}
    accepted = [form for form, result in results.items() if result.startswith("accepted")]
    return f"accepted besides the page's: {', '.join(accepted) or 'none'}"


def _impossible_date(server: Server) -> str:
    fields = server.fields(Draft())
    year = fields["delivery_date"][:4]
    return _created(server, {**fields, "delivery_date": f"{year}-02-30 12:00:00"})


def _created(server: Server, fields: dict[str, Any]) -> str:
    """What the server does with a request that it may refuse."""
    response = server.request("createSms", body=json.dumps(fields).encode())
    if response.status_code != 200:
        return f"refused with {response.status_code}"
    created = read_created(response.json())
    return f"accepted, with {len(created.ids)} SMS to {len(created.sms_ids)} numbers"


def _success(success: bool | int | None) -> str:
    return "404" if success is None else f"success is {str(success).lower()}"


_QUESTIONS: dict[str, Callable[[Server], str]] = {
    "scheme word of the key": _scheme,
    "other ways to send the key": _other_ways_to_the_key,
    "an id with more around it": _odd_ids,
    "phone numbers against the page's rule": _odd_numbers,
    "an object of phone numbers": _numbers_as_object,
    "an empty date": _empty_date,
    "null for message_stop": _null_stop,
    "a body that is not JSON": _no_json,
    "a body without a content type": _no_content_type,
    "report of a deleted SMS": _report_of_deleted,
    "deleting an SMS again": _deleted_again,
    "a message whose SMS are all deleted": _empty_message,
    "an SMS with a past date, at the end": _past_dates,
    "deleting an SMS that was sent": _deletion_of_sent,
    "the same number twice": _same_number_twice,
    "no number": _no_numbers,
    "one bad number among several": _bad_among_good,
    "a sender that is not named": _unknown_sender,
    "an empty text": _no_text,
    "SMS that a text takes": _parts,
    "longest text": _longest_text,
    "other forms of dates": _dates,
    "30 February": _impossible_date,
}
