"""A plugin for pytest: the mock server as fixtures.

pytest imports this in every environment of the client, also where the mock server is not used or its dependencies are
missing: nothing but pytest is imported before a test asks for a fixture. PYTEST_DONT_REWRITE
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .http.transport import InProcessTransport
    from .server import MockServer

_SERVER: "pytest.StashKey[MockServer]" = pytest.StashKey()
_MODULE = pytest.StashKey[str]()  # of the test before
_SETTINGS = ("now", "ticking", "sms_ids")  # that are arguments of the mock server
_SINCE = ("test", "module", "session")


def pytest_addoption(parser: pytest.Parser) -> None:
    add = parser.addini
    add(
        "sms_scheduler_now",
        "what the clock of the SMS Scheduler mock server shows when a test begins, such as 2030-01-01 12:00:00 "
        "(default: the local time)",
    )
    add("sms_scheduler_ticking", "whether that clock runs by itself (default: false)", type="bool", default=False)
    add(
        "sms_scheduler_reset",
        'before what the mock server is reset: each "test" (default), each "module", or once for the "session"',
        default="test",
    )
    add("sms_scheduler_sms_ids", 'how sms_ids reads in answers: "lists" (default) or "integers"', default="lists")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # Rather than by a fixture of each test: fixtures of any scope may ask for the server.
    begins_anew = _begins_anew(item)
    if begins_anew and (server := item.config.stash.get(_SERVER, None)):
        server.reset()


def _begins_anew(item: pytest.Item) -> bool:
    """Whether the server forgets what the tests before this one did."""
    before, module = item.config.stash.get(_MODULE, None), item.nodeid.partition("::")[0]
    item.config.stash[_MODULE] = module
    since = item.config.getini("sms_scheduler_reset")
    return since == "test" or (since == "module" and module != before)


@pytest.fixture(scope="session")
def sms_scheduler_server_options(pytestconfig: pytest.Config) -> Mapping[str, Any]:
    """The arguments of the mock server. Define a fixture of this name and scope in the topmost conftest.py to give others."""
    try:
        settings = {name: pytestconfig.getini(f"sms_scheduler_{name}") for name in _SETTINGS}
    except (ValueError, pytest.UsageError) as error:  # which does not tell its name
        pytest.fail(f"sms_scheduler_ticking is true or false: {error}", pytrace=False)
    return settings | {"now": settings["now"] or None}


@pytest.fixture(scope="session")
def _sms_scheduler_mock(
    pytestconfig: pytest.Config, sms_scheduler_server_options: Mapping[str, Any]
) -> "Iterator[MockServer]":
    try:
        from . import MockServer  # noqa: PLC0415  # see the top
    except ModuleNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    since = pytestconfig.getini("sms_scheduler_reset")
    if since not in _SINCE:
        pytest.fail(f"sms_scheduler_reset is {', '.join(_SINCE[:-1])} or {_SINCE[-1]}, not {since!r}", pytrace=False)
    try:
        server = MockServer(**sms_scheduler_server_options)
    except (TypeError, ValueError) as error:
        name: str = getattr(error, "name", "")
        if name in _SETTINGS and sms_scheduler_server_options[name] == pytestconfig.getini(f"sms_scheduler_{name}"):
            pytest.fail(f"sms_scheduler_{error}", pytrace=False)
        pytest.fail(f"the mock server cannot be made with these sms_scheduler_server_options: {error}", pytrace=False)
    pytestconfig.stash[_SERVER] = server
    yield server
    del pytestconfig.stash[_SERVER]


@pytest.fixture(scope="session")
def sms_scheduler_server(_sms_scheduler_mock: "MockServer") -> "Iterator[MockServer]":
    """A mock of the SMS Scheduler server, over HTTP: one for the session, reset before each test."""
    with _sms_scheduler_mock as server:
        yield server


@pytest.fixture(scope="session")
def sms_scheduler_transport(_sms_scheduler_mock: "MockServer") -> "InProcessTransport[MockServer]":
    """An httpx transport, sync and async, to the same server without a socket; its `server` is the server."""
    return _sms_scheduler_mock.transport
