"""The main job, shown: send SMS, follow them, cancel them; on the mock server, or on a real server with --url."""

import argparse
import contextlib
import datetime
import json
import os
import subprocess
import sys
from importlib.resources import files
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sms_scheduler import (
    ApiError,
    BadRequestError,
    MessageReportRow,
    NotFoundError,
    NotSentError,
    SmsScheduler,
    SmsSchedulerError,
    SmsStatus,
    UnauthorizedError,
)
from sms_scheduler_contract.errors import CannotTestError
from sms_scheduler_mock import MockServer

console = Console(highlight=False)
if not console.is_terminal and "COLUMNS" not in os.environ:
    console.width = 132  # a file or a pipe has no width to keep to


class DemoError(Exception):
    """The demo cannot go on. The text says why, and what to do."""


def main(arguments: list[str]) -> int:
    """Run the command; the result is the exit code."""
    options = _options(arguments)
    try:
        if options.campaign:
            from demo_campaign import show  # noqa: PLC0415  # it takes a second to import

            show(_step, _say)
        elif options.url:
            _show_real_server(options)
        else:
            _show_mock_server()
    except NotSentError as error:
        return _fail(f"no server answers at {options.url}: {error.problem}; start it, or mend --url")
    except (DemoError, CannotTestError, SmsSchedulerError, ValueError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def _fail(reason: str) -> int:
    print(f"scripts/demo: {reason}", file=sys.stderr)
    return 2


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Send, follow and cancel SMS: on the embedded mock server, or on a real server.",
    )
    parser.add_argument(
        "--campaign", action="store_true", help="send to 10,000 recipients on the mock server, and kill a worker"
    )
    parser.add_argument("--url", help="a real server's base URL; without --send it is only read from")
    parser.add_argument(
        "--api-key",
        default=os.environ.get("SMS_SCHEDULER_API_KEY"),
        metavar="KEY",
        help="a key that the server accepts; default: the environment variable SMS_SCHEDULER_API_KEY",
    )
    parser.add_argument("--message-id", type=int, metavar="N", help="with --url: a message whose report to show")
    parser.add_argument(
        "--send", action="store_true", help="with --url: also create an SMS, a month ahead, and cancel it; it may cost"
    )
    parser.add_argument("--sender-id", type=int, metavar="N", help="with --send: a sender of your account")
    parser.add_argument("--phone-number", metavar="+33...", help="with --send: your own number")
    options = parser.parse_args(arguments)
    if options.url and not options.api_key:
        parser.error("--url needs a key: add --api-key, or set SMS_SCHEDULER_API_KEY")
    if options.send and not (options.url and options.sender_id and options.phone_number):
        parser.error("--send needs --url, --sender-id and --phone-number")
    return options


# On the mock server


def _show_mock_server() -> None:
    _step("Regenerating the client from openapi.yaml")
    _check_client()

    request = _page_example()
    delivery_date = datetime.datetime.fromisoformat(request["delivery_date"])
    with (
        MockServer(now=delivery_date - datetime.timedelta(minutes=1)) as server,
        SmsScheduler(server.api_key, base_url=server.url) as client,
    ):
        _step(f"The mock server answers at {server.url}; its clock says {server.now}")
        _send_with_a_mistake(client, request)
        *numbers, _ = request["phone_numbers"]
        request["phone_numbers"] = numbers
        server.delivery_result(numbers[-1], SmsStatus.MISSED_NETWORK_NOT_AVAILABLE_ON_SENDING_PHONE)
        message_id = _send(client, request)
        _follow(client, server, message_id)
        _cancel(client, server, numbers)
    _say(
        "\n[green]That is all.[/green] Next:\n"
        "  README.md            the client in ten lines, the mock server for your own tests\n"
        "  scripts/test         all tests, the contract suite among them\n"
        "  scripts/contract     check a server against openapi.yaml\n"
        "  scripts/demo --help  the same against a real server"
    )


def _check_client() -> None:
    run = subprocess.run(
        [sys.executable, "-P", "-m", "generator", "--check"], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise DemoError(f"{run.stdout}{run.stderr}".strip())
    _say("  It is what is committed in generated/, byte for byte.")


def _page_example() -> dict[str, Any]:
    """The request example of the vendor's page, from the document."""
    document = json.loads(files("sms_scheduler_mock").joinpath("openapi.json").read_text(encoding="utf-8"))
    operation = document["paths"]["/sms"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    return dict(examples["fromThePage"]["value"])


def _send_with_a_mistake(client: SmsScheduler, request: dict[str, Any]) -> None:
    _step("Sending the example of the vendor's page, whose fourth number is malformed")
    try:
        client.create_sms(**request)
    except BadRequestError as error:
        for field, problems in error.errors.items():
            for problem in problems:
                _say(escape(f"  BadRequestError {field}: {problem}"))
    else:
        raise DemoError("the mock server accepted a malformed phone number, which it should not")


def _send(client: SmsScheduler, request: dict[str, Any]) -> int:
    _step("Sending it again without that number")
    created = client.create_sms(**request)
    _say(f"  Message {created.message_id} was created, to be sent on {request['delivery_date']}.")
    return created.message_id


def _follow(client: SmsScheduler, server: MockServer, message_id: int) -> None:
    _step("Following its report, while the clock passes the delivery date")
    while True:
        report = client.get_message(message_id)
        console.print(_table(f"At {server.now}", report))
        if all(sms.status.is_final for sms in report):
            return
        server.advance(seconds=60 if server.messages[-1].delivery_date > server.now else 10)


def _cancel(client: SmsScheduler, server: MockServer, numbers: list[str]) -> None:
    _step("Scheduling a second message for tomorrow, and cancelling it")
    created = client.create_sms(
        message_text="Never mind",
        delivery_date=server.now + datetime.timedelta(days=1),
        sender_id=123,
        phone_numbers=numbers,
    )
    deleted = client.delete_message(created.message_id).success
    _say(f"  Message {created.message_id}: {deleted} SMS cancelled.")


# On a real server


def _show_real_server(options: argparse.Namespace) -> None:
    from sms_scheduler_contract.server import Server  # noqa: PLC0415  # it takes a second to import
    from sms_scheduler_contract.target import Target  # noqa: PLC0415

    with SmsScheduler(options.api_key, base_url=options.url) as client:
        Server(Target(options.url.rstrip("/"), options.api_key)).check()
        _step(f"Reading from {options.url}{'' if options.send else '; nothing is sent without --send'}")
        _read(client, options.message_id)
        if options.send:
            _send_and_cancel(client, options)
    _say("\n[green]Done.[/green]")


def _read(client: SmsScheduler, message_id: int | None) -> None:
    try:
        client.with_options(api_key="a-key-that-is-wrong").get_message(message_id or 1)
    except UnauthorizedError:
        _say("  A wrong key is refused, as it should be.")
    except ApiError as error:
        _say(f"  [red]A wrong key is not refused:[/red] {escape(str(error))}")
    else:
        _say("  [red]A wrong key is not refused.[/red]")
    try:
        report = client.get_message(message_id or 1)
    except NotFoundError:
        _say(f"  The key is accepted. There is no message {message_id or 1}; name one with --message-id.")
    else:
        console.print(_table(f"Message {message_id or 1}", report))


def _send_and_cancel(client: SmsScheduler, options: argparse.Namespace) -> None:
    _step("Creating an SMS that is due in a month")
    created = client.create_sms(
        message_text="A message of the SMS Scheduler demo, to be cancelled at once",
        delivery_date=datetime.datetime.now().replace(microsecond=0) + datetime.timedelta(days=30),
        sender_id=options.sender_id,
        phone_numbers=options.phone_number,
    )
    _say(f"  Message {created.message_id} was created.")
    with contextlib.ExitStack() as stack:
        stack.callback(_delete, client, created.message_id)
        console.print(_table(f"Message {created.message_id}", client.get_message(created.message_id)))


def _delete(client: SmsScheduler, message_id: int) -> None:
    _step("Cancelling it")
    _say(f"  {client.delete_message(message_id).success} SMS cancelled.")


# On the terminal


def _step(text: str) -> None:
    _say(f"\n[bold]{escape(text)}[/bold]")


def _say(text: str) -> None:
    console.print(text, soft_wrap=True)


def _table(title: str, report: list[MessageReportRow]) -> Table:
    table = Table("SMS", "number", "status", "in the vendor's words", title=title, title_justify="left")
    for sms in report:
        cells = (str(sms.id), sms.phone_number, f"{sms.status.value} {sms.status.name}", sms.status.description)
        table.add_row(*map(escape, cells))
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
