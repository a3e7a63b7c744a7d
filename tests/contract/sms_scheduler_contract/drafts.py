"""Messages that every server must accept, whatever it does where the page leaves something open."""

import datetime

from hypothesis import strategies as st

from .models import WIRE_DATE, Draft

# One SMS holds 160 characters of the GSM alphabet, or 70 of any other; the parts of a longer text hold 153 or 67.
LONG_TEXTS = ["long " * 33, "a" * 459, "ж" * 134, "🎄" * 100]
SCRIPTS = [
    "Prêt à l'œuvre, où ça ? 5 €",
    "Größe: groß & süß",
    "Привет, мир",
    "Ξέρω τι θέλω",
    "مرحبا بالعالم",
    "שלום עולם",
    "नमस्ते दुनिया",
    "你好,世界",
    "こんにちは世界",
    "안녕하세요",
    "สวัสดีชาวโลก",
    "🎉 Party 👩‍👩‍👧‍👦 at 8",
    "two\nlines",
    "\"double\" 'single' `back` \\ / <b>&amp;</b> {} [] ^ ~ | %s %00 ; DROP TABLE sms --",
    "e\u0301 combined",
    "0",
    "null",
]
DATES = [
    "2036-02-29 12:00:00",
    "2036-05-17 00:00:00",
    "2038-01-19 03:14:08",
    "2040-12-31 23:59:59",
    "2099-07-14 20:30:05",
]
# The oldest comes first: if it is sent, a later one that is not may be in the future of the server's clock.
PAST_DATES = ["2000-02-29 00:00:00", "2012-06-30 23:59:59", "2020-12-25 12:45:59"]

# A server may refuse control characters, and those that Unicode has not assigned yet.
_characters = st.characters(exclude_categories=["Cc", "Cn", "Co", "Cs"])
texts = st.one_of(
    st.sampled_from(SCRIPTS), st.text(_characters, min_size=1, max_size=60).filter(lambda text: text.strip())
)
future_dates = st.datetimes(datetime.datetime(2035, 1, 1), datetime.datetime(2099, 12, 31)).map(
    lambda date: date.strftime(WIRE_DATE)
)
numbers = st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True).map(tuple)


@st.composite
def drafts(draw: st.DrawFn, texts: st.SearchStrategy[str] = texts) -> Draft:
    """Messages for the far future, in all the forms that the page allows."""
    indices = draw(numbers)
    return Draft(
        text=draw(texts),
        delivery_date=draw(future_dates),
        numbers=indices,
        message_stop=draw(st.sampled_from([None, False, True])),
        as_string=len(indices) == 1 and draw(st.booleans()),
    )


def several() -> st.SearchStrategy[list[Draft]]:
    """Two or three messages, some of them to the same numbers."""
    return st.lists(drafts(st.sampled_from(["short", *LONG_TEXTS])), min_size=2, max_size=3)
