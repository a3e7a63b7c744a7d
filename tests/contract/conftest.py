"""The server under test: the one named on the command line of scripts/contract, or else the stand-in on loopback."""

import datetime
from collections.abc import Iterator

import pytest
from sms_scheduler_mock import MockServer
from target import Target, TargetPlugin


@pytest.fixture(scope="session", params=["lists", "integers"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The server under test; the stand-in is tested in both dialects."""
    named = [plugin.target for plugin in request.config.pluginmanager.get_plugins() if isinstance(plugin, TargetPlugin)]
    if not named:
        with MockServer(dialect=request.param, now=datetime.datetime(2030, 1, 1)) as server:
            yield Target(server.url, server.api_key)
    elif request.param == "lists":
        yield named[0]
    else:
        pytest.skip("a server that is named speaks one dialect, and is tested once")


@pytest.fixture
def may_send(target: Target) -> Target:
    """The server under test, if messages may be created and deleted there."""
    if not target.is_loopback:
        pytest.skip(f"{target.url} is not on loopback: it would really send, and really delete")
    return target
