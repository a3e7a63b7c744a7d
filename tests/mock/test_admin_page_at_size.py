"""The page with as much in it as a campaign leaves, on screens of three widths, and for who does not see it."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sms_scheduler_mock import MockServer

Body = Callable[..., dict[str, Any]]

MESSAGES, NUMBERS = 500, 1000
LAST = 123456 + MESSAGES - 1  # the id of the last message
WIDTHS = [390, 768, 1280]
LONG = "Averylongwordwithoutanyspace" * 20
ARABIC = "مرحبا بالعالم"

# Half a million SMS are searched through; a busy machine takes longer than the five seconds of Playwright's default.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def large() -> Iterator[MockServer]:
    """A server that was sent 500 messages of 1,000 numbers each, and three more."""
    with MockServer(now=datetime(2030, 1, 1, 12), ticking=False) as server:
        headers = {"Authorization": f"bearer {server.api_key}"}
        fields: dict[str, Any] = {"delivery_date": "2030-01-01 13:00:00", "sender_id": 2**53 + 1}
        with httpx.Client(base_url=server.url, transport=server.transport, headers=headers, timeout=60) as client:
            for place in range(MESSAGES):
                numbers = [f"+33{place:03d}{number:06d}" for number in range(NUMBERS)]
                text = f"Message no. {place} of the campaign"
                client.post("/sms", json={"message_text": text, "phone_numbers": numbers, **fields}).raise_for_status()
            client.delete(f"/message/{LAST}")
            for text in (LONG, ARABIC, "Short"):
                few = {"message_text": text, "phone_numbers": "+490303030303", "message_stop": text == "Short"}
                client.post("/sms", json=few | fields | {"delivery_date": "2030-01-01 12:00:00"}).raise_for_status()
        yield server


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    pages: list[Page] = []
    wrong: list[str] = []

    def open_page(server: MockServer, width: int = 1280, **options: Any) -> Page:
        page = browser.new_page(viewport={"width": width, "height": 800}, **options)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.set_default_timeout(10_000)
        pages.append(page)
        assert server.page_url
        page.goto(server.page_url)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert wrong == []


def article(page: Page, message_id: int) -> Any:
    return page.locator(f"article[data-key='{message_id}']")


def test_the_first_message_is_seen_at_once(server: MockServer, open_page: Callable[..., Page], body: Body) -> None:
    send(server, body())
    page = open_page(server, WIDTHS[0])
    expect(page.locator("article")).to_have_count(1)
    top = page.locator("article").bounding_box()
    assert top
    assert top["y"] < 400  # of the 800 pixels of a small screen
    page.set_viewport_size({"width": WIDTHS[-1], "height": 800})
    heading = page.locator("article h3")
    assert heading.evaluate("h3 => h3.getClientRects().length") == 1
    assert heading.evaluate("h3 => h3.scrollHeight < 1.5 * parseFloat(getComputedStyle(h3).lineHeight)")


@pytest.mark.parametrize("width", WIDTHS)
def test_five_hundred_messages_of_a_thousand_numbers(
    large: MockServer, open_page: Callable[..., Page], width: int
) -> None:
    page = open_page(large, width)
    expect(page.locator("article")).to_have_count(50)
    message = article(page, LAST - 1)
    expect(message.locator(".statuses li")).to_have_text("1,000 × Scheduled (10)")  # noqa: RUF001
    expect(article(page, LAST).locator(".statuses li")).to_have_text("1,000 × Deleted")  # noqa: RUF001
    expect(message.locator(".sms li")).to_have_count(0)
    message.get_by_role("button", name="1,000 SMS").click()
    expect(message.locator(".sms li")).to_have_count(100)
    message.get_by_role("button", name="100 more SMS").click()
    expect(message.locator(".sms li")).to_have_count(200)
    assert page.evaluate("document.documentElement.scrollWidth") == width  # nothing is out of sight at the side
    message.get_by_role("button", name="1,000 SMS").click()
    expect(message.locator(".sms li")).to_have_count(0)


def test_every_message_is_on_a_page(large: MockServer, open_page: Callable[..., Page]) -> None:
    page = open_page(large)
    seen: set[str] = set()
    for number in range(1, 12):
        expect(page.locator("#page")).to_have_text(f"Page {number} of 11")
        rows = page.locator("article").evaluate_all("rows => rows.map((row) => row.dataset.key)")
        assert not seen & set(rows)
        seen |= set(rows)
        if number < 11:
            page.get_by_role("button", name="Older").click()
    assert seen == {str(message_id) for message_id in range(123456, LAST + 4)}
    expect(page.get_by_role("button", name="Older")).to_be_disabled()
    page.get_by_role("button", name="Newer").click()
    expect(page.locator("#page")).to_have_text("Page 10 of 11")
    expect(page.get_by_text("503 in all")).to_be_visible()


def test_messages_are_found(large: MockServer, open_page: Callable[..., Page]) -> None:
    page = open_page(large)
    searches = {"no. 417 OF": 123873, "+33417000999": 123873, "+33 4 17-00.09 99": 123873, str(123460): 123460}
    for search, message_id in searches.items():
        page.get_by_role("searchbox", name="Search").fill(search)
        expect(page.locator("article")).to_have_count(1)
        expect(article(page, message_id)).to_be_visible()
    page.get_by_role("searchbox").fill("+33417000999")
    article(page, 123873).get_by_role("button", name="1,000 SMS").click()
    expect(page.locator(".sms li")).to_have_count(1)  # the one that is searched for
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Status", exact=True).select_option("Deleted")
    expect(page.locator("article")).to_have_count(1)
    expect(article(page, LAST)).to_be_visible()
    page.get_by_role("searchbox").fill("nobody wrote this")
    expect(page.get_by_text("No message matches.")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Status", exact=True).select_option("Pending (11)")
    expect(page.locator("article")).to_have_count(3)


def test_numbers_are_not_rounded_and_texts_run_as_they_are_written(
    large: MockServer, open_page: Callable[..., Page]
) -> None:
    page = open_page(large)
    message = article(page, LAST + 2)
    expect(message).to_contain_text("sender 9007199254740993")
    expect(message.locator(".text")).to_have_text(ARABIC)
    assert message.locator(".text").evaluate("text => getComputedStyle(text).direction") == "rtl"
    assert article(page, LAST + 3).locator(".text").evaluate("text => getComputedStyle(text).direction") == "ltr"
    expect(article(page, LAST + 3).get_by_text("STOP")).to_be_visible()
    expect(message.get_by_text("STOP")).to_be_hidden()


def send(server: MockServer, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"bearer {server.api_key}"}
    httpx.post(f"{server.url}/sms", json=body, headers=headers).raise_for_status()


def test_focus_selection_and_scroll_position_survive_updates(
    server: MockServer, open_page: Callable[..., Page], body: Body
) -> None:
    for place in range(30):
        send(server, body(message_text=f"Text number {place}", phone_numbers=[f"+336{n:08d}" for n in range(10)]))
    page = open_page(server)
    message = article(page, 123470)
    button = message.get_by_role("button", name="10 SMS")
    button.click()
    expect(message.locator(".sms li")).to_have_count(10)
    message.locator(".text").select_text()
    button.focus()
    button.scroll_into_view_if_needed()
    before = button.bounding_box()
    send(server, body(message_text="A new one"))
    server.advance(hours=1)
    expect(page.get_by_text("A new one")).to_have_count(1)
    expect(message.locator(".sms-status").first).to_have_text("Pending (11)")
    assert page.evaluate("document.activeElement.textContent") == "10 SMS"
    assert page.evaluate("getSelection().toString()") == "Text number 14"
    after = button.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 1
    page.keyboard.press("Enter")  # by keyboard as by click
    expect(message.locator(".sms li")).to_have_count(0)
    expect(button).to_have_attribute("aria-expanded", "false")


def test_a_message_that_has_the_id_of_one_before_a_reset_is_shown_as_it_is(
    server: MockServer, open_page: Callable[..., Page], body: Body
) -> None:
    page = open_page(server)
    send(server, body(message_text="Before"))
    expect(page.locator("article .text")).to_have_text("Before")
    server.reset()
    send(server, body(message_text="After"))
    expect(page.locator("article .text")).to_have_text("After")


def test_faults_are_added_as_on_the_command_line(server: MockServer, open_page: Callable[..., Page]) -> None:
    page = open_page(server)
    fault = page.get_by_label("A fault")
    for text in ("gateway:status=504,done=true,times=2", "rate_limit:rate=5/s", '{"kind": "half"}', "slow:seconds=0.5"):
        fault.fill(text)
        page.get_by_role("button", name="Add fault").click()
        expect(fault).to_have_value("")
    kinds = [(one.kind, one.status, one.done, one.rate, one.times, one.seconds) for one in server.faults]
    assert kinds == [
        ("gateway", 504, True, None, 2, None),
        ("rate_limit", None, None, "5/s", None, None),
        ("half", None, None, None, None, None),
        ("slow", None, None, None, None, 0.5),
    ]
    expect(page.locator("#faults-on")).to_contain_text("gateway, times 2, status 504, done true; rate_limit, rate 5/s")
    for text, words in {
        "earthquake": "there is no fault 'earthquake'",
        "latency:seconds=x": "'x' is no number",
        "gateway:done=perhaps": "done is true or false, not 'perhaps'",
        "{": "is not JSON",
        "hook": "a function, which only Python can give",
    }.items():
        fault.fill(text)
        page.get_by_role("button", name="Add fault").click()
        expect(page.get_by_role("alert")).to_contain_text(words)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDTHS[0], WIDTHS[-1]])
def test_nothing_is_in_the_way_of_assistive_technology(
    server: MockServer, open_page: Callable[..., Page], body: Body, scheme: str, width: int
) -> None:
    server.delivery_mix({"RECEIVED": 1, "MISSED_ERROR": 1, "CANCELLED_ERROR": 1, "SENT": 1, "PENDING": 1})
    send(server, body(message_text=ARABIC, message_stop=True))
    send(server, body(message_text=LONG[:150], phone_numbers=[f"+336{n:08d}" for n in range(10)]))
    server.advance(days=1)
    send(server, body(delivery_date="2099-01-01 00:00:00"))
    server.fault("latency", seconds=0, times=5)
    page = open_page(server, width, color_scheme=scheme)
    page.get_by_role("button", name="10 SMS").click()
    expect(page.locator(".sms li")).to_have_count(14)
    page.get_by_label("A fault").fill("earthquake")
    page.get_by_role("button", name="Add fault").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is (scheme == "light")
    page.get_by_role("link", name="Reference", exact=True).click()
    expect(page.locator(".opblock-summary-path")).to_have_count(5)
    page.locator("#operations-sms-createSms .opblock-summary-control").click()
    expect(page.locator("#operations-sms-createSms textarea")).to_be_visible()
    assert violations(page) == []
    white = page.locator(".swagger-ui").evaluate(
        """element => {
            const colour = (one) => getComputedStyle(one).backgroundColor;
            while (element.parentElement && colour(element) === "rgba(0, 0, 0, 0)") element = element.parentElement;
            return colour(element) === "rgb(255, 255, 255)";
        }"""
    )
    assert white is (scheme == "light")
    assert page.evaluate("document.documentElement.scrollWidth") == width


def violations(page: Page) -> list[str]:
    """What axe-core finds: the rule, and the elements."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {json.dumps([node['html'][:200] for node in one['nodes'][:5]])}" for one in found]


def test_the_clock_is_not_told_every_second(server: MockServer, open_page: Callable[..., Page]) -> None:
    server.ticking = True
    page = open_page(server)
    live = page.locator("#now").evaluate("now => [now.tagName, now.closest('[aria-live], output, [role=status]')]")
    assert live == ["TIME", None]
    names = page.locator("h1, h2").all_inner_texts()
    assert names == ["SMS Scheduler mock server: nothing is really sent", "Clock and account", "Faults", "Messages"]
    for name in ("+1 s", "+1 min", "+1 h", "+1 day", "Reset", "Add fault"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()


@pytest.mark.parametrize("path", ["**/_mock/page/page.js", "**/_mock/openapi.json"])
def test_a_script_that_failed_is_told(server: MockServer, browser: Browser, path: str) -> None:
    page = browser.new_page()
    page.route(path, lambda route: route.abort())
    assert server.page_url
    page.goto(server.page_url)
    expect(page.get_by_text("The script of this page failed")).to_be_visible()
    page.close()


def test_a_script_that_did_not_fail_is_not(server: MockServer, open_page: Callable[..., Page]) -> None:
    page = open_page(server)
    page.wait_for_timeout(1300)
    expect(page.get_by_text("The script of this page failed")).to_have_count(0)
