"""The admin API: by its own document, by what it does to the API, and who may use it."""

import asyncio
import gzip
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import sms_scheduler_mock
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sms_scheduler_mock import MockServer
from sms_scheduler_mock.document import OPENAPI

Body = Callable[..., dict[str, Any]]
NUMBER = "+33612345678"

DOCUMENT = Path(sms_scheduler_mock.__file__).with_name("admin") / "openapi.yaml"
schemathesis.serializer.alias("application/vnd.sqlite3", "application/octet-stream")
SCHEMA = schemathesis.openapi.from_path(DOCUMENT, config=SchemathesisConfig())


@pytest.fixture
def admin(server: MockServer) -> Iterator[httpx.Client]:
    assert server.admin_url
    with httpx.Client(base_url=server.admin_url) as client:
        yield client


# By its document


@SCHEMA.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_it_is_as_its_document_says(case: schemathesis.Case[Any], running_server: MockServer) -> None:
    # Which statuses, kinds of faults and files there are is said in words only, so what fits the schema may still be refused.
    case.call_and_validate(base_url=running_server.admin_url, excluded_checks=[positive_data_acceptance])


def test_the_document_is_served(admin: httpx.Client, server: MockServer) -> None:
    document = admin.get("/admin.json").json()
    assert document["servers"] == [{"url": "/_mock"}]
    operations = {
        item["operationId"] for path in document["paths"].values() for item in path.values() if "responses" in item
    }
    assert len(operations) == len(list(SCHEMA.get_all_operations()))


# What it does


def test_messages(admin: httpx.Client, client: httpx.Client, server: MockServer, body: Body) -> None:
    first = client.post("/sms", json=body(message_stop=True)).json()
    second = client.post("/sms", json=body(phone_numbers="+490303030303")).json()
    client.delete(f"/message/{second['message_id']}")
    latest, oldest = admin.get("/messages").json()
    assert (latest["id"], latest["cancelled"], latest["phone_numbers"]) == (
        second["message_id"],
        True,
        ["+490303030303"],
    )
    assert oldest == {
        "id": first["message_id"],
        "text": "Hello world",
        "stop": True,
        "delivery_date": "2030-01-01 13:00:00",
        "sender_id": 123,
        "phone_numbers": [NUMBER, "+33202020202"],
        "cancelled": False,
        "sms_count": 2,
        "statuses": {"SCHEDULED": 2},
        "more_sms": False,
        "sms": [
            {
                "id": ids[0],
                "phone_number": number,
                "status": 10,
                "status_name": "SCHEDULED",
                "deleted": False,
                "sent": False,
            }
            for number, ids in first["sms_ids"].items()
        ],
    }
    assert admin.get(f"/numbers/{NUMBER}/messages").json() == [oldest]
    assert admin.get("/numbers/+33999999999/messages").json() == []


def all_of(admin: httpx.Client, path: str, **parameters: object) -> list[dict[str, Any]]:
    """The rows of a list, from all its pages."""
    rows: list[dict[str, Any]] = []
    following: httpx.URL | None = httpx.URL(f"{str(admin.base_url).rstrip('/')}{path}", params=parameters or None)
    while following:
        answer = admin.get(following).raise_for_status()
        rows += answer.json()
        following = following.join(answer.links["next"]["url"]) if "next" in answer.links else None
    return rows


@pytest.mark.parametrize("path", ["/messages", f"/numbers/{NUMBER}/messages"])
def test_a_list_comes_in_pages_of_which_none_is_lost(
    admin: httpx.Client, client: httpx.Client, server: MockServer, body: Body, path: str
) -> None:
    with httpx.Client(transport=server.transport, headers=client.headers, base_url=server.url) as in_process:

        def send() -> int:
            message_id: int = in_process.post("/sms", json=body(phone_numbers=NUMBER)).json()["message_id"]
            return message_id

        ids = [send() for _ in range(1002)]
        first = admin.get(path)
        # Of those to a number, nobody has counted.
        assert first.headers.get("X-Total-Count") == ("1002" if path == "/messages" else None)
        send()  # comes before the first page, and moves nothing
        second = admin.get(first.url.join(first.links["next"]["url"]))
    assert [message["id"] for message in first.json()] == ids[:1:-1]
    assert [message["id"] for message in second.json()] == ids[1::-1]
    assert "next" not in second.links
    assert [message["id"] for message in all_of(admin, path, limit=300)][1:] == ids[::-1]


def test_messages_are_found_by_text_number_id_and_status(
    admin: httpx.Client, client: httpx.Client, server: MockServer, body: Body
) -> None:
    server.delivery_result(NUMBER, "MISSED_ERROR")
    one = client.post("/sms", json=body(message_text="Réunion à 10h", delivery_date="2000-01-01 00:00:00")).json()
    other = client.post("/sms", json=body(phone_numbers="+490303030303")).json()
    server.advance(minutes=1)
    client.delete(f"/message/{other['message_id']}")

    def found(**parameters: object) -> list[int]:
        return [message["id"] for message in all_of(admin, "/messages", **parameters)]

    first, second = one["message_id"], other["message_id"]
    assert found(search="réunion") == found(search="+336123") == found(search=str(first)) == [first]
    assert found(search=str(other["sms_ids"]["+490303030303"][0])) == found(search="+49") == [second]
    assert found(search="Nobody said this") == []
    assert found(search="+33 6 12 34") == found(search="612.345-678") == [first]
    assert found(search="à 10h") == [first]
    assert "X-Total-Count" not in admin.get("/messages?search=x").headers
    assert found(status="MISSED_ERROR") == found(status=39) == found(status=13) == [first]
    assert found(status="DELETED") == [second]
    assert found(search="+33202", status=39) == []  # the other number was missed
    (message,) = admin.get("/messages", params={"status": 39, "sms": 1000}).json()
    assert message["statuses"] == {"MISSED_ERROR": 1, "RECEIVED": 1}
    assert [sms["phone_number"] for sms in message["sms"]] == [NUMBER]
    (sms,) = admin.get(f"/messages/{first}/sms", params={"search": "+33202"}).json()
    assert (sms["phone_number"], sms["status"]) == ("+33202020202", 13)


def test_the_clock(admin: httpx.Client, server: MockServer) -> None:
    assert admin.get("/clock").json() == {"now": "2030-01-01 12:00:00", "ticking": False}
    assert admin.post("/clock/advance", json={"hours": 1, "seconds": 1.5}).json()["now"] == "2030-01-01 13:00:01"
    assert server.now == datetime(2030, 1, 1, 13, 0, 1, 500_000)
    assert admin.patch("/clock", json={"now": "2031-02-03 04:05:06"}).json()["now"] == "2031-02-03 04:05:06"
    assert admin.patch("/clock", json={"ticking": True}).json()["ticking"] is True
    assert server.ticking


def test_the_account(admin: httpx.Client, client: httpx.Client, server: MockServer, body: Body) -> None:
    everything: dict[str, object] = {"api_key": "mock-api-key", "senders": None, "credits": None, "refused_numbers": []}
    assert admin.get("/account").json() == everything
    changes = {"senders": [7], "credits": 0, "refused_numbers": [NUMBER]}
    assert admin.patch("/account", json=changes).json() == everything | changes
    assert client.post("/sms", json=body()).json()["errors"].keys() == {"sender_id", "phone_numbers"}
    admin.patch("/account", json={"senders": None, "refused_numbers": []})
    client.post("/sms", json=body())
    server.advance(days=1)
    assert {sms.status_name for sms in server.sms_to(NUMBER)} == {"CANCELLED_NOT_ENOUGH_CREDITS"}


def test_a_regenerated_key(admin: httpx.Client, client: httpx.Client, server: MockServer) -> None:
    key = admin.post("/account/key").json()["api_key"]
    assert client.get("/sms/1").status_code == 401
    assert client.get("/sms/1", headers={"Authorization": f"bearer {key}"}).status_code == 404


def test_delivery_results(admin: httpx.Client, client: httpx.Client, server: MockServer, body: Body) -> None:
    result = f"/numbers/{NUMBER}/delivery-result"
    assert admin.put(result, json={"statuses": [31, "RECEIVED"]}).json() == {
        "numbers": {NUMBER: ["MISSED_BLACKLISTED_PHONE_NUMBER_OR_BLOCKED_BY_PHONE_CARRIER", "RECEIVED"]},
        "mix": {},
    }
    assert admin.put("/delivery-results/mix", json={"MISSED_ERROR": 1}).json()["mix"] == {"MISSED_ERROR": 1}
    for _ in range(2):
        client.post("/sms", json=body())
    server.advance(days=1)
    assert [sms.status for sms in server.sms_to(NUMBER)] == [31, 13]
    assert [sms.status for sms in server.sms_to("+33202020202")] == [39, 39]
    assert admin.delete(result).json() == {"numbers": {}, "mix": {"MISSED_ERROR": 1}}
    assert (
        admin.delete("/delivery-results").json() == admin.get("/delivery-results").json() == {"numbers": {}, "mix": {}}
    )
    assert [sms.status for sms in server.sms_to(NUMBER)] == [13, 13]


def test_faults(admin: httpx.Client, client: httpx.Client) -> None:
    fault = {"kind": "status", "status": 429, "retry_after": 2, "times": 2, "operation": "getSms"}
    others = ("seconds", "headers", "body", "length", "location", "rate", "done")
    whole = fault | dict.fromkeys(others)
    assert admin.post("/faults", json=fault).json() == [whole]
    answer = client.get("/sms/1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert admin.get("/faults").json() == [whole | {"times": 1}]
    page = {"kind": "status", "status": 200, "headers": {"Content-Type": "text/html"}, "body": "<h1>It works!</h1>"}
    assert admin.post("/faults", json=page).json()[1] == dict.fromkeys(whole) | page
    client.get("/sms/1")
    answer = client.get("/sms/1")
    assert (answer.text, answer.headers["Content-Type"]) == ("<h1>It works!</h1>", "text/html")
    assert admin.delete("/faults").json() == []
    assert client.get("/sms/1").status_code == 404


@pytest.mark.parametrize("kind", ["refuse", "close", "reset"])
def test_a_fault_of_the_connection_comes_and_goes(admin: httpx.Client, client: httpx.Client, kind: str) -> None:
    admin.post("/faults", json={"kind": kind, "times": 1})
    with pytest.raises(httpx.TransportError):
        client.get("/sms/1")
    assert client.get("/sms/1").status_code == 404


def test_reset(admin: httpx.Client, client: httpx.Client, server: MockServer, body: Body) -> None:
    client.post("/sms", json=body())
    admin.patch("/account", json={"credits": 5})
    assert (admin.post("/reset").status_code, server.messages, server.credits) == (204, [], None)


def test_a_state_is_saved_and_loaded(admin: httpx.Client, client: httpx.Client, server: MockServer, body: Body) -> None:
    created = client.post("/sms", json=body()).json()
    admin.put(f"/numbers/{NUMBER}/delivery-result", json={"statuses": [31]})
    saved = admin.get("/state")
    assert saved.headers["Content-Type"] == "application/vnd.sqlite3"
    before, decided = admin.get("/messages").json(), admin.get("/delivery-results").json()
    admin.post("/reset")
    assert admin.put("/state", content=saved.content).status_code == 204
    assert (admin.get("/messages").json(), admin.get("/delivery-results").json()) == (before, decided)
    assert len(client.get(f"/message/{created['message_id']}").json()) == 2


# What makes no sense


@pytest.mark.parametrize(
    ("method", "path", "content", "words"),
    [
        ("PATCH", "/clock", b"", "must be JSON"),
        ("PATCH", "/clock", b"[]", 'is not of type "object"'),
        ("PATCH", "/clock", b"{}", "{} "),
        ("PATCH", "/clock", b'{"when": 1}', "when"),
        ("PATCH", "/clock", b'{"now": "tomorrow", "ticking": true}', "now is a time without a zone, such as"),
        (
            "PATCH",
            "/clock",
            b'{"now": "2030-02-30 00:00:00", "ticking": true}',
            "now is a time without a zone, such as",
        ),
        ("POST", "/clock/advance", b'{"hours": "1"}', "hours: "),
        ("POST", "/clock/advance", b'{"days": 1e9}', "the calendar has the years 1 to 9999 only"),
        ("POST", "/clock/advance", b'{"days": -1e9}', "the calendar has the years 1 to 9999 only"),
        ("POST", "/clock/advance", b'{"days": 1e400}', "holds a number that is too large"),
        ("POST", "/clock/advance", b'{"days": 1e290}', "the calendar has the years 1 to 9999 only"),
        ("PATCH", "/account", b'{"credits": -1}', "credits: "),
        ("PATCH", "/account", b'{"api_key": "mine"}', "api_key"),
        ("PUT", "/numbers/+33612345678/delivery-result", b'{"statuses": []}', "statuses: "),
        ("PUT", "/numbers/+33612345678/delivery-result", b'{"statuses": [99]}', "99 is not a documented status"),
        ("PUT", "/delivery-results/mix", b'{"RECEIVED": 0}', "weights"),
        ("PUT", "/delivery-results/mix", b'{"self": 1}', "'self' is not a documented status"),
        ("POST", "/faults", b'{"kind": "earthquake"}', "there is no fault 'earthquake'"),
        ("POST", "/faults", b'{"kind": "latency"}', "seconds"),
        (
            "POST",
            "/faults",
            b'{"kind": "refuse", "operation": "sendSms"}',
            "there is no operation 'sendSms', only createSms",
        ),
        ("PUT", "/delivery-results/mix", b'{"RECEIVED": 1e308, "PENDING": 1e308}', "RECEIVED: "),
        ("PUT", "/delivery-results/mix", b'{"RECEIVED": 5e400}', "holds a number that is too large"),
        (
            "PUT",
            "/numbers/33612345678/delivery-result",
            b'{"statuses": [31]}',
            "is a phone number with its country prefix, such as +33612345678",
        ),
        (
            "DELETE",
            "/numbers/+1/delivery-result",
            b"",
            "is a phone number with its country prefix, such as +33612345678",
        ),
        ("GET", "/numbers/zzz/messages", b"", "is a phone number with its country prefix, such as +33612345678"),
        ("PATCH", "/account", b'{"credits": 1, "refused_numbers": ["abc"]}', "refused_numbers is a phone number"),
        ("POST", "/faults", b'{"kind": "hook"}', "the fault hook takes a function, which only Python can give"),
        ("POST", "/faults", b'{"times": 1}', "there is no fault '': there are latency, refuse"),
        ("POST", "/faults", b'{"kind": "rate_limit", "rate": "5"}', "as in 5/s, 100/min, not '5'"),
        ("POST", "/faults", b'{"text": "latency:seconds=x"}', "'x' is no number"),
        ("POST", "/faults", b'{"text": "refuse", "times": 1}', "as a text or by its fields, not as both"),
        ("GET", "/messages?limit=-1", b"", "limit: -1 is less than the minimum of 1"),
        ("GET", f"/messages?cursor={'9' * 30}", b"", "is greater than the maximum of"),
        ("GET", "/messages?limit=0", b"", "limit: 0 is less than the minimum of 1"),
        ("GET", "/messages?limit=many", b"", "limit: "),
        ("GET", "/messages?limit=1&limit=2", b"", "limit is given twice"),
        ("GET", "/messages?page=2", b"", "there is no parameter page, only search, status, limit, cursor, sms"),
        ("GET", "/messages?status=LOST", b"", "'LOST' is not a documented status"),
        ("PUT", "/state", b"", "this holds no state"),
        ("PUT", "/state", b"x" * 5000, "not the state of a server"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(
    admin: httpx.Client, method: str, path: str, content: bytes, words: str
) -> None:
    def everything() -> list[object]:
        return [admin.get(path).json() for path in ("/clock", "/account", "/delivery-results", "/faults")]

    before = everything()
    answer = admin.request(method, path, content=content)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert everything() == before


@pytest.mark.parametrize("message_id", ["1", "x", "9" * 30])
def test_a_message_that_is_not_there_is_not_found(admin: httpx.Client, message_id: str) -> None:
    answer = admin.get(f"/messages/{message_id}/sms")
    assert (answer.status_code, answer.json()) == (404, {"error": f"there is no message {message_id}"})


def test_a_compressed_body_is_refused_by_what_it_is(admin: httpx.Client) -> None:
    answer = admin.patch("/account", content=gzip.compress(b'{"credits": 1}'), headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, "Content-Encoding" in answer.text) == (415, True)


def test_a_fault_may_be_given_in_the_words_of_the_command_line(admin: httpx.Client, client: httpx.Client) -> None:
    (fault,) = admin.post("/faults", json={"text": "status:status=503,times=1"}).json()
    assert (fault["kind"], fault["status"], fault["times"]) == ("status", 503, 1)
    assert client.get("/sms/1").status_code == 503


@pytest.mark.parametrize("path", ["/sms", "/", "/v1/sms/1"])
def test_whoever_forgets_the_path_of_the_api_is_told(server: MockServer, path: str) -> None:
    with httpx.Client(transport=server.transport) as in_process:
        for answer in (httpx.post(httpx.URL(server.url).join(path)), in_process.get(f"http://mock{path}")):
            if answer.status_code != 405:  # there is a page at the root
                assert (answer.status_code, "The API is below /api/v1/" in answer.text) == (404, True)


@pytest.mark.parametrize(
    "path",
    ["/page/nope", "/page/", "/swagger-ui/", "/page/..%2f_app.py", "/nope", "/page/a%00b", "/swagger-ui/__init__.py"],
)
def test_what_is_not_there_is_not_found(admin: httpx.Client, path: str, caplog: pytest.LogCaptureFixture) -> None:
    assert admin.get(path).status_code == 404
    assert caplog.messages == []


def test_whole_numbers_with_a_point_are_whole(admin: httpx.Client, client: httpx.Client) -> None:
    admin.post("/faults", content=b'{"kind": "status", "status": 429.0, "retry_after": 2.0, "times": 1.0}')
    answer = client.get("/sms/1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert admin.patch("/account", content=b'{"credits": 1e1, "senders": [1.0]}').text.count(".0") == 0


def test_methods_that_are_not_there(admin: httpx.Client) -> None:
    answer = admin.put("/clock")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, PATCH")


def test_what_is_too_large(admin: httpx.Client) -> None:
    assert admin.put("/state", content=b"x" * 100_000_001).status_code == 413
    assert admin.post("/faults", content=b" " * 1_000_001).status_code == 413


# Who may use it


@pytest.mark.parametrize(
    ("options", "is_served"),
    [
        ({}, True),
        ({"host": "localhost"}, True),
        ({"admin": False}, False),
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "admin": True}, True),
    ],
    ids=str,
)
def test_it_is_off_unless_asked_for_where_others_can_reach_it(options: dict[str, Any], is_served: bool) -> None:
    with MockServer(**options) as server:
        root = server.url.removesuffix("/api/v1")
        statuses = {httpx.get(root + path).status_code for path in ("/", "/_mock/clock", "/_mock/admin.json")}
    assert statuses == {200 if is_served else 404}
    assert (server.admin_url is not None, server.page_url is not None) == (is_served, is_served)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
        {"Host": "["},
        {"Host": "elsewhere.example"},
        {"Host": "127.0.0.1.elsewhere.example", "Origin": "http://127.0.0.1.elsewhere.example"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/messages"), ("POST", "/reset"), ("GET", "/openapi.json")])
def test_pages_of_other_sites_may_not(
    admin: httpx.Client, server: MockServer, method: str, path: str, headers: dict[str, str]
) -> None:
    server.credits = 5
    assert admin.request(method, path, headers=headers).status_code == 403
    assert server.credits == 5  # it was not reset


def test_its_own_page_may(admin: httpx.Client, server: MockServer) -> None:
    origin = server.url.removesuffix("/api/v1")
    assert admin.post("/reset", headers={"Origin": origin}).status_code == 204


@pytest.mark.parametrize(
    ("host", "status"),
    [("sms:8025", 200), ("192.0.2.1", 200), ("[2001:db8::1]:80", 200), ("sms.elsewhere.example", 403)],
)
def test_elsewhere_it_goes_by_any_name_that_the_world_does_not_know(host: str, status: int) -> None:
    with MockServer(host="0.0.0.0", admin=True) as server:
        assert httpx.get(f"{server.admin_url}/clock", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("options", "address", "status"),
    [
        ({}, ("127.0.0.1", 80), 200),
        ({}, ("::1", 80), 200),
        ({}, ("192.0.2.1", 80), 404),
        ({}, ("/run/socket", None), 404),
        ({}, None, 404),
        ({"admin": True}, ("192.0.2.1", 80), 200),
        ({"admin": False}, ("127.0.0.1", 80), 404),
    ],
    ids=str,
)
def test_in_a_server_of_ones_own_it_is_for_this_machine_alone(
    options: dict[str, Any], address: tuple[str, int | None] | None, status: int
) -> None:
    app = MockServer(**options).app

    async def with_address(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "server": address}, receive, send)

    async def ask() -> int:
        transport = httpx.ASGITransport(with_address)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get("/_mock/clock")).status_code

    assert asyncio.run(ask()) == status


def test_the_page_is_in_no_page_of_another_site(admin: httpx.Client) -> None:
    page = admin.get("/..", follow_redirects=True)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


def test_the_reference_of_another_document(tmp_path: Path) -> None:
    text = OPENAPI.read_text(encoding="utf-8").replace('"info": {', '"info": {"x-date": "2030-01-01",', 1)
    (tmp_path / "openapi.json").write_text(text, encoding="utf-8")
    with MockServer(document=tmp_path / "openapi.json") as server:
        document = httpx.get(f"{server.admin_url}/openapi.json").json()
    assert (document["info"]["x-date"], document["servers"]) == ("2030-01-01", [{"url": "/api/v1"}])
