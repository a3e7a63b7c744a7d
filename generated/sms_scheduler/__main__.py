# Made by scripts/generate from openapi.yaml, SMS Scheduler 0.2.0: do not edit.
"""The client on the command line: a command for each method. Run it with `--help`."""

import datetime
import sys
from collections.abc import Sequence

from . import _command_line as command_line
from .client import SmsScheduler
from .errors import SmsSchedulerError

_COMMANDS: list[command_line.Command] = [
    command_line.Command(
        "create-sms",
        SmsScheduler.create_sms,
        "Create an SMS to one or more phone numbers.",
        "Create an SMS to one or more phone numbers.\n\nCreates one message, and at least one SMS in it for each phone number.",
        [
            command_line.Argument("message-text", "message_text", str, "The content of the message.", is_required=True),
            command_line.Argument(
                "delivery-date",
                "delivery_date",
                datetime.datetime,
                "When the message is sent, as `YYYY-MM-DD HH:MM:SS` (read from the page's example). If that is now or past, it is sent right away. A datetime with a zone is read in the client's `timezone`.",
                is_required=True,
                wire_format="%Y-%m-%d %H:%M:%S",
            ),
            command_line.Argument(
                "sender-id",
                "sender_id",
                int,
                'The id of the sender, as listed on the "Senders" page of SMS Scheduler once logged in.',
                is_required=True,
            ),
            command_line.Argument(
                "phone-numbers",
                "phone_numbers",
                str | Sequence[str],
                "Where the message is sent: one phone number as a string, or many as a list, each with its country prefix and without spaces or hyphens, such as `+33123456789`.",
                is_required=True,
            ),
            command_line.Argument(
                "message-stop",
                "message_stop",
                bool,
                "Whether a STOP mention is added to the end of the message.",
                default=False,
            ),
        ],
        needs_key=True,
    ),
    command_line.Command(
        "get-sms",
        SmsScheduler.get_sms,
        "Get the sending report of one SMS.",
        "Get the sending report of one SMS.",
        [
            command_line.Argument("id", "id", int, "The id of the SMS.", is_required=True, is_positional=True),
        ],
        needs_key=True,
    ),
    command_line.Command(
        "delete-sms",
        SmsScheduler.delete_sms,
        "Delete one SMS by its id; the other SMS of its message stay as they are.",
        "Delete one SMS by its id; the other SMS of its message stay as they are.",
        [
            command_line.Argument("id", "id", int, "The id of the SMS.", is_required=True, is_positional=True),
        ],
        needs_key=True,
    ),
    command_line.Command(
        "get-message",
        SmsScheduler.get_message,
        "Get the sending report of all SMS that were sent with a message.",
        "Get the sending report of all SMS that were sent with a message.",
        [
            command_line.Argument("id", "id", int, "The id of the message.", is_required=True, is_positional=True),
        ],
        needs_key=True,
    ),
    command_line.Command(
        "delete-message",
        SmsScheduler.delete_message,
        "Delete the SMS of a message by its id, and tell how many there were.",
        "Delete the SMS of a message by its id, and tell how many there were.",
        [
            command_line.Argument("id", "id", int, "The id of the message.", is_required=True, is_positional=True),
        ],
        needs_key=True,
    ),
    command_line.Command(
        "wait-for-sms",
        SmsScheduler.wait_for_sms,
        "Call `get-sms` until `status` is final everywhere in the report.",
        "Call `get-sms` until `status` is final everywhere in the report.\n\nA value that is not known is not final. A report without rows is.",
        [
            command_line.Argument("id", "id", int, "The id of the SMS.", is_required=True, is_positional=True),
            command_line.Argument("timeout", "timeout", float, "After how many seconds to give up.", is_required=True),
            command_line.Argument(
                "poll",
                "poll",
                float,
                "How many seconds to wait before asking again; this grows up to eight times as much.",
                default=2.0,
            ),
        ],
        needs_key=True,
    ),
    command_line.Command(
        "wait-for-message",
        SmsScheduler.wait_for_message,
        "Call `get-message` until `status` is final everywhere in the report.",
        "Call `get-message` until `status` is final everywhere in the report.\n\nA value that is not known is not final. A report without rows is.",
        [
            command_line.Argument("id", "id", int, "The id of the message.", is_required=True, is_positional=True),
            command_line.Argument("timeout", "timeout", float, "After how many seconds to give up.", is_required=True),
            command_line.Argument(
                "poll",
                "poll",
                float,
                "How many seconds to wait before asking again; this grows up to eight times as much.",
                default=2.0,
            ),
        ],
        needs_key=True,
    ),
]


def main() -> None:
    """Run the command that the arguments of the process name, and exit."""
    sys.exit(
        command_line.run(
            SmsScheduler,
            SmsSchedulerError,
            "SMS Scheduler: Send SMS now or later, follow them and cancel them.",
            _COMMANDS,
            sys.argv[1:],
        )
    )


if __name__ == "__main__":
    main()
