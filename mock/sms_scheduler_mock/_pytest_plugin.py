"""A plugin for pytest: the stand-in as fixtures.

pytest imports this in every environment of the client, also where the stand-in is not used or its dependencies are
missing: nothing but pytest is imported before a test asks for a fixture. PYTEST_DONT_REWRITE
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .server import MockServer
    from ._server_transport import ServerTransport

_SERVER: "pytest.StashKey[MockServer]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    add = parser.addini
    add(
        "sms_scheduler_now",
        "what the clock of the SMS Scheduler stand-in shows when a test begins, such as 2030-01-01 12:00:00 "
        "(default: the local time)",
    )
    add("sms_scheduler_ticking", "whether that clock runs by itself (default: false)", type="bool", default=False)
    add("sms_scheduler_dialect", 'how the stand-in answers: "lists" (default) or "integers"', default="lists")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # Rather than by a fixture of each test: fixtures of any scope may ask for the server.
    if server := item.config.stash.get(_SERVER, None):
        server.reset()


@pytest.fixture(scope="session")
def sms_scheduler_server_options(pytestconfig: pytest.Config) -> Mapping[str, Any]:
    """The arguments of the stand-in. Define a fixture of this name and scope in the topmost conftest.py to give others."""
    return {
        "now": _start(pytestconfig.getini("sms_scheduler_now")),
        "ticking": pytestconfig.getini("sms_scheduler_ticking"),
        "dialect": pytestconfig.getini("sms_scheduler_dialect"),
    }


@pytest.fixture(scope="session")
def _sms_scheduler_stand_in(
    pytestconfig: pytest.Config, sms_scheduler_server_options: Mapping[str, Any]
) -> "Iterator[MockServer]":
    try:
        from . import MockServer  # noqa: PLC0415  # see the top
    except ModuleNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        server = MockServer(**sms_scheduler_server_options)
    except (TypeError, ValueError) as error:
        pytest.fail(f"the stand-in cannot be made with these sms_scheduler_server_options: {error}", pytrace=False)
    pytestconfig.stash[_SERVER] = server
    yield server
    del pytestconfig.stash[_SERVER]


@pytest.fixture(scope="session")
def sms_scheduler_server(_sms_scheduler_stand_in: "MockServer") -> "Iterator[MockServer]":
    """A stand-in for the SMS Scheduler server, over HTTP: one for the session, as good as new for each test."""
    with _sms_scheduler_stand_in as server:
        yield server


@pytest.fixture(scope="session")
def sms_scheduler_transport(_sms_scheduler_stand_in: "MockServer") -> "ServerTransport":
    """An httpx transport, sync and async, to the same stand-in without a socket; its `server` is the stand-in."""
    from ._server_transport import ServerTransport  # noqa: PLC0415  # see the top

    return ServerTransport(_sms_scheduler_stand_in)


def _start(text: str) -> datetime | None:
    try:
        start = datetime.fromisoformat(text) if text else None
    except ValueError:
        start = None
    if text and (start is None or start.tzinfo):
        pytest.fail(
            f"sms_scheduler_now is a time without a zone, such as 2030-01-01 12:00:00, not {text!r}", pytrace=False
        )
    return start
