"""Mutants that refuse, crash on or change what should be accepted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import MAXYEAR

from sms_scheduler_mock import Response

from . import changes as do
from .mutant import CREATE, Condition, Exchange, Handle, Mutant


def _is_huge(value: object) -> bool:
    return isinstance(value, int) and value >= 2**63


def _with_numbers(change: Callable[[list[object]], object], condition: Condition = lambda _: True) -> Handle:
    """The message is created for other phone numbers than those asked for."""

    def handle(exchange: Exchange) -> Response:
        return exchange.answer_with_fields(phone_numbers=change(exchange.numbers))

    return do.only(lambda exchange: bool(exchange.fields.get("phone_numbers")) and condition(exchange), handle)


def _split_the_string(exchange: Exchange) -> Response:
    if not (do.is_acceptable(exchange) and do.is_to_one_string(exchange)):
        return exchange.answer()
    asked = exchange.read_leniently()
    return exchange.server.api.create(replace(asked, phone_numbers=tuple(dict.fromkeys(asked.phone_numbers[0]))))


MUTANTS: Mapping[str, Mutant] = {
    "stop-required": Mutant(
        "message_stop is required", CREATE, do.only(lambda e: "message_stop" not in e.fields, do.refuse("message_stop"))
    ),
    "stop-true-refused": Mutant(
        "message_stop must not be true",
        CREATE,
        do.only(lambda e: e.fields.get("message_stop") is True, do.refuse("message_stop")),
    ),
    "stop-false-refused": Mutant(
        "message_stop must not be false",
        CREATE,
        do.only(lambda e: e.fields.get("message_stop") is False, do.refuse("message_stop")),
    ),
    "string-number-refused": Mutant(
        "phone_numbers must be a list", CREATE, do.only(do.is_to_one_string, do.refuse("phone_numbers"))
    ),
    "string-number-split": Mutant(
        "One number given as a string is read as a list of characters", CREATE, _split_the_string
    ),
    "list-of-numbers-refused": Mutant(
        "phone_numbers must be a string",
        CREATE,
        do.only(lambda e: not do.is_to_one_string(e), do.refuse("phone_numbers")),
    ),
    "list-of-one-refused": Mutant(
        "phone_numbers must not be a list of one number",
        CREATE,
        do.only(lambda e: not do.is_to_one_string(e) and len(e.numbers) == 1, do.refuse("phone_numbers")),
    ),
    "several-numbers-refused": Mutant(
        "phone_numbers must not hold several numbers",
        CREATE,
        do.only(do.has_numbers(lambda n: n > 1), do.refuse("phone_numbers")),
    ),
    "fourth-number-refused": Mutant(
        "phone_numbers must not hold more than three numbers",
        CREATE,
        do.only(do.has_numbers(lambda n: n > 3), do.refuse("phone_numbers")),
    ),
    "extra-number": Mutant(
        "A number that nobody asked for gets an SMS", CREATE, _with_numbers(lambda numbers: [*numbers, "+33699999999"])
    ),
    "second-message-refused": Mutant(
        "A message is refused if it is not the first", CREATE, do.only(do.is_not_the_first, do.refuse("message_text"))
    ),
    "past-date-refused": Mutant(
        "delivery_date must not be past",
        CREATE,
        lambda e: do.only(do.has_date(lambda date: date < e.server.now), do.refuse("delivery_date"))(e),
    ),
    "leap-day-refused": Mutant(
        "29 February is refused",
        CREATE,
        do.only(do.has_date(lambda date: (date.month, date.day) == (2, 29)), do.refuse("delivery_date")),
    ),
    "last-day-refused": Mutant(
        "The 31st of a month is refused",
        CREATE,
        do.only(do.has_date(lambda date: date.day == 31), do.refuse("delivery_date")),
    ),
    "day-read-as-month": Mutant(
        "Days after the 12th are refused",
        CREATE,
        do.only(do.has_date(lambda date: date.day > 12), do.refuse("delivery_date")),
    ),
    "midnight-refused": Mutant(
        "00:00:00 is refused",
        CREATE,
        do.only(do.has_date(lambda date: not (date.hour or date.minute or date.second)), do.refuse("delivery_date")),
    ),
    "non-ascii-refused": Mutant(
        "Text beyond ASCII is refused", CREATE, do.only(do.has_text("[^\0-\x7f]"), do.refuse("message_text"))
    ),
    "non-latin-refused": Mutant(
        "Text beyond Latin-1 is refused", CREATE, do.only(do.has_text("[^\0-\xff]"), do.refuse("message_text"))
    ),
    "right-to-left-refused": Mutant(
        "Text in Hebrew or Arabic is refused",
        CREATE,
        do.only(do.has_text("[\u0590-\u06ff]"), do.refuse("message_text")),
    ),
    "emoji-as-500": Mutant("500 for text with an emoji", CREATE, do.only(do.has_text("[^\0-\uffff]"), do.crash)),
    "newline-as-500": Mutant("500 for text with a line break", CREATE, do.only(do.has_text("\n"), do.crash)),
    "quote-as-500": Mutant("500 for text with a quote", CREATE, do.only(do.has_text("['\"]"), do.crash)),
    "markup-refused": Mutant(
        "Text with angle brackets is refused", CREATE, do.only(do.has_text("[<>]"), do.refuse("message_text"))
    ),
    "zero-text-refused": Mutant(
        "The text 0 is taken for none", CREATE, do.only(do.has_text("^0$"), do.refuse("message_text"))
    ),
    "nul-as-500": Mutant("500 for text with a NUL", CREATE, do.only(do.has_text("\0"), do.crash)),
    "huge-sender-as-500": Mutant(
        "500 for a sender_id beyond 64 bits", CREATE, do.only(lambda e: _is_huge(e.fields.get("sender_id")), do.crash)
    ),
    "last-date-as-500": Mutant(
        "500 for the last date of the calendar",
        CREATE,
        do.only(do.has_date(lambda date: date.year == MAXYEAR), do.crash),
    ),
    "long-unicode-as-500": Mutant(
        "500 for text beyond Latin-1 of more than one SMS",
        CREATE,
        do.only(do.is_long, do.only(do.has_text("[^\0-\xff]"), do.crash)),
    ),
    "text-over-1000-as-500": Mutant(
        "500 for text of more than 1,000 characters", CREATE, do.only(lambda e: len(e.text) > 1_000, do.crash)
    ),
    "numbers-over-30-as-500": Mutant(
        "500 for more than 30 phone numbers", CREATE, do.only(do.has_numbers(lambda n: n > 30), do.crash)
    ),
}
