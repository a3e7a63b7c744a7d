"""The API as a small Flask application would have it, written from the vendor's page: routes, errors and pages are Werkzeug's.

`PORT` is where it listens; `FAULT`, if set, breaks one thing. It sends only to +33612345678, and its account has no credits
for more than 40 messages: what is created later is cancelled.
"""

# mypy: ignore-errors
# pyright: basic, reportArgumentType=false, reportUnusedExpression=false

import os
import threading
from datetime import datetime
from json import dumps

from werkzeug.exceptions import BadRequest, HTTPException, NotFound, Unauthorized
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, run_simple
from werkzeug.wrappers import Request, Response

FAULT = os.environ.get("FAULT", "")
KEY = "flask-Key-3"
NUMBERS = {"+33612345678"}
CREDITS = 40
URLS = Map(
    [
        Rule("/api/v1/sms", endpoint="create", methods=["POST"]),
        Rule("/api/v1/<any(sms,message):kind>/<int:id>", endpoint="one", methods=["GET", "DELETE"]),
    ]
)
messages = {}
sms_by_id = {}
lock = threading.Lock()


def jsonify(content, status=200):
    return Response(dumps(content), status, content_type="application/json")


def status_of(sms):
    if sms["deleted"]:
        return 29
    if not sms["paid"]:
        return 25
    return 10 if sms["due"] > datetime.now() else 13


def errors_in(body):
    kinds = {"message_text": str, "delivery_date": str, "sender_id": int, "message_stop": bool}
    for field, kind in kinds.items():
        value = body.get(field, False if field == "message_stop" else None)
        is_wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is int and FAULT != "bool-is-int")
        if is_wrong:
            yield field, f"{kind.__name__} expected"
    numbers = body.get("phone_numbers")
    numbers = [numbers] if isinstance(numbers, str) else numbers
    if FAULT == "unhashable" and numbers and not set(numbers) <= NUMBERS:
        yield "phone_numbers", "not yours"
    elif not isinstance(numbers, list) or not numbers or not all(isinstance(number, str) for number in numbers):
        yield "phone_numbers", "a string or a list of strings expected"
    elif not set(numbers) <= NUMBERS:
        yield "phone_numbers", "not yours"
    try:
        datetime.strptime(str(body.get("delivery_date")), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        if FAULT == "any-date" and isinstance(body.get("delivery_date"), str):
            body["delivery_date"] = "2020-01-01 00:00:00"
        else:
            yield "delivery_date", "not a date"


def create(request):
    body = request.get_json()
    if not isinstance(body, dict):
        raise BadRequest
    if FAULT == "key-error":
        body["message_text"], body["sender_id"]
    errors = {}
    for field, text in errors_in(body):
        errors.setdefault(field, []).append(text)
    if errors:
        known = {"detail": errors} if FAULT == "detail" else {"errors": errors}
        return jsonify(known, 422 if FAULT == "unprocessable" else 400)
    if FAULT == "data-error" and len(body["message_text"]) > 1000:
        raise RuntimeError("value too long for type character varying(1000)")
    numbers = body["phone_numbers"]
    numbers = [numbers] if isinstance(numbers, str) else numbers
    message_id = 1000 + len(messages)
    messages[message_id] = []
    ids = {}
    for number in dict.fromkeys(numbers):
        sms_id = 700_000 + len(sms_by_id)
        due = datetime.strptime(body["delivery_date"], "%Y-%m-%d %H:%M:%S")
        sms_by_id[sms_id] = {"number": number, "due": due, "deleted": False, "paid": len(messages) <= CREDITS}
        messages[message_id].append(sms_id)
        ids[number] = [sms_id]
    if FAULT == "tuple":
        ids = list(ids.items())
    return jsonify({"message_id": str(message_id) if FAULT == "str" else message_id, "sms_ids": ids})


def delete(sms_id):
    sms = sms_by_id[sms_id]
    if sms["deleted"] or status_of(sms) != 10:
        return False
    sms["deleted"] = FAULT != "no-commit"
    return True


def one(request, kind, id):  # noqa: A002
    if id not in (sms_by_id if kind == "sms" else messages):
        if FAULT == "none" and request.method == "GET":
            return jsonify(None)
        raise NotFound
    if kind == "sms":
        if request.method == "DELETE":
            return jsonify({"success": delete(id)})
        return jsonify({"phone_number": sms_by_id[id]["number"], "status": status_of(sms_by_id[id])})
    rows = messages[id]
    if request.method == "DELETE":
        count = sum([delete(sms_id) for sms_id in rows])
        return jsonify({"success": len(rows) if FAULT == "len" else count / 1 if FAULT == "division" else count})
    report = [{"id": i, "phone_number": sms_by_id[i]["number"], "status": status_of(sms_by_id[i])} for i in rows]
    return jsonify({"items": report} if FAULT == "paginated" else report)


@Request.application
def application(request):
    try:
        endpoint, arguments = URLS.bind_to_environ(request.environ).match()
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if not (scheme.lower() == "bearer" and key == KEY) and not (
            FAULT == "decorator" and request.method == "DELETE"
        ):
            raise Unauthorized
        with lock:
            return {"create": create, "one": one}[endpoint](request, **arguments)
    except HTTPException as error:
        return error.get_response(request.environ)


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *args):
        pass


if __name__ == "__main__":
    run_simple("127.0.0.1", int(os.environ["PORT"]), application, threaded=True, request_handler=Handler)
