"""The page to look at, in a real browser."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]


@pytest.fixture
def page(browser: Browser, server: MockServer) -> Iterator[Page]:
    """The page of the server. It must ask nobody else, and nothing may go wrong in it."""
    page = browser.new_page()
    page.set_default_timeout(10_000)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: wrong.append(f"{request.url} failed"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in {"warning", "error"} else None)
    allowed = "Failed to load resource: the server responded with a status of 400 (Bad Request)"
    assert server.page_url
    page.goto(server.page_url)
    expect(page.get_by_text(server.api_key)).to_be_visible()  # what the page shows at last: clicks are answered now
    yield page
    page.close()
    assert {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))} == {
        urlsplit(server.url).netloc
    }
    assert [text for text in wrong if text != allowed] == []


def statuses(page: Page) -> list[str]:
    """Those of the SMS that are shown, in order."""
    return page.locator(".sms-status").all_inner_texts()


def test_an_inbox_that_is_empty_says_what_to_do(page: Page) -> None:
    expect(page.get_by_text("No message yet.")).to_be_visible()
    expect(page.locator("article")).to_have_count(0)


def test_messages_come_by_themselves_the_latest_first(page: Page, client: httpx.Client, body: Body) -> None:
    client.post("/sms", json=body(message_stop=True))
    expect(page.get_by_text("Hello world")).to_be_visible()
    client.post("/sms", json=body(message_text="Later", phone_numbers="+490303030303", sender_id=7))
    expect(page.locator("article")).to_have_count(2)
    latest, oldest = page.locator("article").all()
    expect(latest).to_contain_text("Later")
    for text in ("123457", "2030-01-01 13:00:00", "7", "5000003", "+490303030303", "Scheduled (10)"):
        expect(latest).to_contain_text(text)
    for text in ("123456", "STOP", "+33612345678", "+33202020202"):
        expect(oldest).to_contain_text(text)


def test_the_clock_is_moved_by_a_button(page: Page, client: httpx.Client, server: MockServer, body: Body) -> None:
    server.delivery_result("+33202020202", 31)
    client.post("/sms", json=body())
    expect(page.locator("#now")).to_have_text("2030-01-01 12:00:00")
    page.get_by_role("button", name="+1 h").click()
    expect(page.locator("#now")).to_have_text("2030-01-01 13:00:00")
    expect(page.locator(".sms-status").first).to_have_text("Pending (11)")
    page.get_by_role("button", name="+1 day").click()
    expect(page.locator(".sms-status").first).to_have_text("Received (13)")
    assert statuses(page)[1] == "Missed - Blacklisted phone number or blocked by phone carrier (31)"
    assert str(server.now) == "2030-01-02 13:00:00"


def test_the_clock_is_let_run_and_held(page: Page, server: MockServer) -> None:
    page.get_by_label("running").check()
    expect(page.locator("#now")).not_to_have_text("2030-01-01 12:00:00")
    assert server.ticking
    page.get_by_label("running").uncheck()
    expect(page.get_by_label("running")).not_to_be_checked()
    assert not server.ticking


def test_what_was_deleted_is_told(page: Page, client: httpx.Client, body: Body) -> None:
    created = client.post("/sms", json=body()).json()
    client.delete(f"/sms/{created['sms_ids']['+33612345678'][0]}")
    expect(page.locator(".sms-status").first).to_have_text("Deleted")
    assert statuses(page) == ["Deleted", "Scheduled (10)"]


def test_texts_are_texts(page: Page, client: httpx.Client, body: Body) -> None:
    text = '<img src="x" onerror="document.title=1"><b>bold</b> & ©'
    client.post("/sms", json=body(message_text=text))
    expect(page.locator("article .text")).to_have_text(text)
    assert page.title() == "SMS Scheduler mock server"
    assert page.locator("article .text *").count() == 0


def test_faults_are_told_and_ended(page: Page, client: httpx.Client, server: MockServer) -> None:
    server.fault("status", status=503, operation="getSms")
    expect(page.locator("#faults-on")).to_contain_text("status, operation getSms, status 503")
    page.get_by_role("button", name="End all faults").click()
    expect(page.locator("#faults-on")).to_be_hidden()
    assert client.get("/sms/1").status_code == 404


def test_reset_asks_first(page: Page, client: httpx.Client, server: MockServer, body: Body) -> None:
    client.post("/sms", json=body())
    expect(page.locator("article")).to_have_count(1)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Reset").click()
    assert len(server.messages) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("No message yet.")).to_be_visible()
    assert server.messages == []


def test_the_reference_is_tried_out_on_the_server_itself(page: Page, server: MockServer) -> None:
    server.regenerate_key()  # the reference has the one that counts
    page.get_by_role("link", name="Reference", exact=True).click()
    expect(page.locator("#inbox")).to_be_hidden()
    operations = page.locator(".opblock-summary-path")
    expect(operations).to_have_count(5)
    page.locator("#operations-sms-createSms .opblock-summary-control").click()
    page.locator("#operations-sms-createSms textarea").fill(
        '{"message_text": "Tried out", "delivery_date": "2030-01-01 13:00:00", "sender_id": 1, '
        '"phone_numbers": "+33612345678"}'
    )
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table td.response-col_status").last).to_contain_text("200")
    (message,) = server.messages
    assert (message.text, message.phone_numbers) == ("Tried out", ("+33612345678",))
    page.get_by_role("link", name="Inbox").click()
    expect(page.locator("article .text")).to_have_text("Tried out")


def test_what_was_wrong_with_a_click_is_told_until_the_next(page: Page, server: MockServer) -> None:
    server.travel_to(datetime(9999, 12, 31))
    page.get_by_role("button", name="+1 day").click()
    alert = page.get_by_role("alert")
    expect(alert).to_have_text("the calendar has the years 1 to 9999 only")
    page.wait_for_timeout(1500)  # the inbox is looked at meanwhile
    expect(alert).to_be_visible()
    page.get_by_role("button", name="+1 h").click()
    expect(alert).to_be_hidden()


def test_a_server_that_is_gone_is_told_and_may_come_back(browser: Browser) -> None:
    page = browser.new_page()
    with MockServer() as server:
        assert server.page_url
        page.goto(server.page_url)
        expect(page.get_by_text("No message yet.")).to_be_visible()
        port = urlsplit(server.url).port or 0
    expect(page.get_by_role("alert")).to_have_text("The server does not answer.")
    page.get_by_role("link", name="Reference", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("The server does not answer.")
    with MockServer(port=port):
        page.get_by_role("link", name="Inbox").click()
        page.get_by_role("link", name="Reference", exact=True).click()
        expect(page.locator(".opblock-summary-path")).to_have_count(5)
        expect(page.get_by_role("alert")).to_be_hidden()
        page.close()
