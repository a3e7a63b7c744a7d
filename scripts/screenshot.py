"""Take the README's picture of the mock server's page: some messages on their way, seen by a headless Chromium."""

import shutil
import sys
from datetime import datetime
from pathlib import Path

from playwright.sync_api import sync_playwright
from sms_scheduler import SmsScheduler
from sms_scheduler_mock import MockServer

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "mock.png"


def main() -> int:
    """Run the command; the result is the exit code."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("There is no Chromium on PATH: install it, on Debian with apt-get install chromium.", file=sys.stderr)
        return 2
    # The port is in the picture.
    with MockServer(now=datetime(2030, 1, 1, 12), port=8025) as server, sync_playwright() as playwright:
        send_some(server)
        assert server.page_url  # noqa: S101  # it listens on loopback
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 640})
        page.goto(server.page_url)
        page.locator("article").first.wait_for()
        page.screenshot(path=PICTURE)
        browser.close()
    return 0


def send_some(server: MockServer) -> None:
    """Four messages, one of each fate."""
    one, two = "+33612345678", "+33202020202"
    with SmsScheduler(server.api_key, base_url=server.url) as client:

        def send(text: str, hour: int, *numbers: str, stop: bool = False) -> int:
            date = datetime(2030, 1, 1, hour)
            created = client.create_sms(
                message_text=text, delivery_date=date, sender_id=123, phone_numbers=numbers, message_stop=stop
            )
            return created.message_id

        server.delivery_result(two, "MISSED_INVALID_PHONE_NUMBER")
        send("Your parcel arrives tomorrow between 9 and 11.", 13, one, two)
        server.advance(hours=1, seconds=20)
        send("New in our shop: everything for the winter.", 13, one, stop=True)
        client.delete_message(send("Your appointment is on Monday at 10:30.", 18, "+490303030303"))
        send("Happy new year!", 20, one, two)
        server.advance(seconds=7)


if __name__ == "__main__":
    sys.exit(main())
