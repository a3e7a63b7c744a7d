"""Reading recipients, checking them, adding each once, and forgetting them."""

import datetime
import sqlite3
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sms_scheduler_campaign import (
    Campaign,
    CampaignError,
    Recipient,
    RecipientsError,
    read_csv,
    read_json_lines,
    read_parquet,
    read_rows,
)
from sms_scheduler_campaign.hours import Hours
from sms_scheduler_campaign.recipients import Text, segments

from .conftest import numbers


@pytest.fixture
def campaign(store: str) -> Iterator[Campaign]:
    with Campaign.create(store, "c", text="Hello", sender_id=1, batch_size=10) as campaign:
        yield campaign


def file(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content.encode())
    return path


def test_added_twice_is_added_once(campaign: Campaign) -> None:
    assert campaign.add(numbers(25)).added == 25
    again = campaign.add([*numbers(30), *numbers(3)])
    assert (again.added, again.duplicates) == (5, 28)
    assert [one.phone_number for one in campaign.report()] == numbers(30)
    assert campaign.status().duplicates == 28


def test_a_key_tells_recipients_apart(campaign: Campaign) -> None:
    one, other = numbers(2)
    report = campaign.add([Recipient(one, "a"), Recipient(one, "b"), Recipient(other, "a")])
    assert (report.added, report.duplicates) == (2, 1)
    found = [(row.key, row.phone_number, row.batch) for row in campaign.report()]
    assert found == [("a", one, 1), ("b", one, 2)], "a number twice in one request: which id would be whose?"


def test_numbers_that_cannot_be_right_are_refused_and_exported(campaign: Campaign, tmp_path: Path) -> None:
    path = file(tmp_path, "phone_number\n+33612345678\n0612345678\n+33 6 12\n")
    report = campaign.add(read_csv(path))
    assert (report.added, report.refused) == (1, 2)
    assert report.problems[0] == "line 3: '0612345678' is not a phone number such as +33612345678"
    assert [(row.line, row.state) for row in campaign.report()] == [(3, "refused"), (4, "refused"), (2, "queued")]
    status = campaign.status()
    assert (status.recipients["refused"], status.batches["refused"], status.batches["queued"]) == (2, 0, 1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("phone_number,name\n+33612345678,Ann\n+33612345679\n", "line 3"),
        ("phone_number,name\n+33612345678,Ann\n+33612345679,Bob,Cee\n", "line 3"),
        ("number\n+33612345678\n", "line 1: there is no column 'phone_number', only 'number'"),
        ("", "line 1"),
        ('phone_number\n+33612345678\n"+33612345679\n', "line 3"),
    ],
)
def test_nothing_of_a_wrong_csv_file_is_added(campaign: Campaign, tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(RecipientsError, match=problem):
        campaign.add(read_csv(file(tmp_path, content)))
    assert list(campaign.report()) == []


@pytest.mark.parametrize("line", ["[]", "{", '{"phone_number": 33612345678}', "{}"])
def test_nothing_of_a_wrong_json_file_is_added(campaign: Campaign, tmp_path: Path, line: str) -> None:
    path = file(tmp_path, '{"phone_number": "+33612345678"}\n\n' + line + "\n")
    with pytest.raises(RecipientsError, match="line 3"):
        campaign.add(read_json_lines(path))
    assert list(campaign.report()) == []


def test_an_encoding_that_is_not_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("phone_number,name\n+33612345678,Zoé\n".encode("latin-1"))
    with pytest.raises(RecipientsError, match="line"):
        list(read_csv(path))
    assert [one.fields["name"] for one in read_csv(path, encoding="latin-1")] == ["Zoé"]


def test_parquet_and_rows_of_a_database(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"to": numbers(3), "id": ["a", "b", "c"]}), tmp_path / "f.parquet")
    expected = [(number, key) for number, key in zip(numbers(3), "abc", strict=True)]
    found = read_parquet(tmp_path / "f.parquet", number="to", key="id")
    assert [(one.phone_number, one.key) for one in found] == expected
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        query = sa.text("SELECT '+33600000000' AS n UNION SELECT '+33600000001'")
        rows = connection.execute(query).mappings()
        assert [one.phone_number for one in read_rows(rows, number="n")] == numbers(2)
    engine.dispose()


def test_a_text_with_fields(store: str) -> None:
    with Campaign.create(store, "c", text="Hello {name} {{x}}", sender_id=1) as campaign:
        rows = [{"phone_number": number, "name": f"N{index % 2}"} for index, number in enumerate(numbers(6))]
        campaign.add(read_rows(rows))
        assert campaign.plan().batches == 2
        with pytest.raises(RecipientsError, match="line 2: the field 'name'"):
            campaign.add(read_rows([{"phone_number": "+33700000000", "name": "A"}, {"phone_number": "+33700000001"}]))
        assert campaign.plan().recipients == 6
    assert Text("Hi {name}").render(Recipient("+33612345678", fields={"name": "Ann"})) == "Hi Ann"
    for wrong in ("{", "{0}", "{a.b}", "{a!r}", "{a:>9}", "{}"):
        with pytest.raises(ValueError, match="cannot be used"):
            Text(wrong)


@pytest.mark.parametrize(
    ("text", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ж" * 70, 1), ("ж" * 71, 2), ("😀" * 36, 2)],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count


def test_hours() -> None:
    zone = ZoneInfo("Europe/Paris")

    def at(day: int, hour: int) -> float:
        return datetime.datetime(2030, 7, day, hour, 30, tzinfo=zone).timestamp()  # the first is a Monday

    week = Hours.parse("mon-fri 09:00-20:00", "Europe/Paris")
    assert [week.is_open(at(day, 9)) for day in (1, 5, 6, 7)] == [True, True, False, False]
    assert [week.is_open(at(1, hour)) for hour in (8, 9, 19, 20)] == [False, True, True, False]
    night = Hours.parse("sat 21:00-02:00", "Europe/Paris")
    assert [night.is_open(at(day, hour)) for day, hour in ((6, 22), (7, 1), (7, 22), (6, 1))] == [
        True,
        True,
        False,
        False,
    ]
    for wrong in ("9-20", "mo 09:00-20:00", "09:00-25:00"):
        with pytest.raises(ValueError, match="must be"):
            Hours.parse(wrong, "UTC")


def test_wrong_options(sqlite_store: str) -> None:
    for options in ({"batch_size": 0}, {"text": ""}, {"hours": "x"}, {"requests_per_second": -1}, {"concurrency": 0}):
        with pytest.raises(ValueError, match=r"must be|empty"):
            Campaign.create(sqlite_store, "c", **({"text": "Hello", "sender_id": 1} | options))  # type: ignore[arg-type]
    with pytest.raises(CampaignError, match="no campaign"):
        Campaign(sqlite_store, "c")
    with pytest.raises(CampaignError, match="sqlite or postgresql"):
        Campaign(sqlite_store.replace("sqlite", "mysql"), "c")
    Campaign.create(sqlite_store, "c", text="Hello", sender_id=1).close()
    with pytest.raises(CampaignError, match="already"):
        Campaign.create(sqlite_store, "c", text="Hello", sender_id=1)


def test_memory_does_not_grow_with_the_recipients(sqlite_store: str) -> None:
    def peak(campaign: Campaign, count: int) -> int:
        tracemalloc.start()
        campaign.add(f"+33{count}{index:05}" for index in range(count))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    with Campaign.create(sqlite_store, "c", text="Hello", sender_id=1) as campaign:
        peak(campaign, 5_001)
        assert peak(campaign, 20_000) < 1.3 * peak(campaign, 5_000)


def test_forgotten_is_not_in_the_file(sqlite_store: str) -> None:
    number = "+33698765432"
    with Campaign.create(sqlite_store, "c", text="Hello {name}", sender_id=1) as campaign:
        campaign.add([Recipient(number, "key-of-ann", {"name": "Ann-Sophie"})])
        with pytest.raises(CampaignError, match="not done"):
            campaign.forget()
        campaign.cancel(api_key="key", base_url="http://127.0.0.1:9")
        campaign.forget()
        assert campaign.status().recipients["cancelled"] == 1
    path = Path(sqlite_store.removeprefix("sqlite:///"))
    left = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert not [word for word in (number, "key-of-ann", "Ann-Sophie") if word.encode() in left]
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM sms_recipient").fetchone() == (0,)
    connection.close()
